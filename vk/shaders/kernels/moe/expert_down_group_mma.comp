#version 460
#extension GL_GOOGLE_include_directive : require
// grouped_gemm and expert_combine in one for few rows, by matrix units whose
// operands are put together in registers.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * sum_i w[e(p)][o][i] * h[p][i],
//   p = r * top_k + s
//
// w {k, n, experts} of the kernel's type, h {k, top_k, R} F16, groups as moe_sort
// leaves it, weights {top_k, R}, res {n, R} or absent, y {n, R} F32. One workgroup
// covers 16 outputs of all rows: its subgroups share out the tiles, or, where there
// are few assignments, the tiles' blocks of k, and keep every assignment's sums. A sum is that
// of its blocks' sums in their order, whichever subgroups make them.
//
// op: expert_down_group
// tile: 16 1 1
// local: 16 subgroups
// spec: k
// needs: gpu shared48 warps16 coopmat subgroup32 float16 mma
// rows: 2 64
// requires: k%256 k<=1024 top_k<=8
// f16: h
// precision: f16
// sync: counter
// early: groups weights res
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
layout(constant_id = 1) const uint K = 256;
const uint WARPS = 16, BLOCKS = K / 256, ASSIGNMENTS = 512, WIDE = 17, KEPT = 8704;

#define PUSH_groups ActU
#include "push.glsl"
#include "sync/sync_main.glsl"
#include "moe/groups.glsl"
#include "mma/mma_load.glsl"
#include "mma/mma_f16.glsl"

shared float kept[KEPT]; // of a block's sums or of all blocks', sixteen of each assignment
shared uint list[ASSIGNMENTS], tile_list[3 * (ASSIGNMENTS + ASSIGNMENTS / GROUP_TILE)];
shared float assignment_weights[ASSIGNMENTS];

Tile tile_of(uint i) { return Tile(subgroup_uniform(tile_list[3 * i]), subgroup_uniform(tile_list[3 * i + 1]), subgroup_uniform(tile_list[3 * i + 2])); }

// keep stores the sums of assignments r0 .. r0 + 3 of a tile, which begin at kept[base].
void keep(Tile tile, uint r0, uint base, vec4 sum) {
    if (lane_t() >= 2) return;
    [[unroll]] for (uint i = 0; i < 2; i++) {
        const uint r = r0 + 2 * lane_t() + i;
        if (r >= tile.count) continue;
        const uint to = base + list[tile.first + r] * WIDE + lane_g();
        kept[to] = sum[i];
        kept[to + 8] = sum[2 + i];
    }
}

// residual is what output i % 16 of the workgroup's of row i / 16 is added to.
float residual(uint i, uint end) {
    const uint o = gl_WorkGroupID.x * 16 + i % 16;
    return res != 0 && i < end && o < n ? Act(at(res, i / 16, n)).v[o] : 0.0;
}

void main() {
    const uint lane = gl_LocalInvocationID.x, rows = subgroup_uniform(step.v[STEP_ROWS]), assignments = rows * top_k;
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    const bool parted = BLOCKS * assignments * WIDE <= KEPT;
    sync_early();
    const uint used = subgroup_uniform(groups.v[0]), all = parted ? used * BLOCKS : used;
    [[dont_unroll]] for (uint i = lane; i < max(assignments, 3 * tiles); i += gl_WorkGroupSize.x) {
        if (i < assignments) {
            list[i] = assignment_at(i);
            assignment_weights[i] = Act(weights).v[i];
        }
        if (i < min(3 * tiles, tile_list.length())) tile_list[i] = groups.v[4 + i];
    }
    const float first_res = residual(lane, 16 * rows);
    sync_group();
    const uvec2 lie = pair_rows(gl_WorkGroupID.x * 16, n - 1);
    // Workgroups begin at different tiles, so that they do not all ask for the same
    // activations at once.
    const uint turned = used * gl_WorkGroupID.x / gl_NumWorkGroups.x;
    // The first weights are asked for before there are activations; after that the
    // subgroups of a multiprocessor wait in turns.
    Pair p;
    bool loaded = false;
    [[dont_unroll]] for (uint i = subgroup_uniform(gl_SubgroupID);; i += WARPS) {
        // A subgroup does a tile's blocks, or, where they are parted, one of them.
        const uint turn = (parted ? i / BLOCKS : i) + turned, first = parted ? i % BLOCKS : 0, end = parted ? first + 1 : BLOCKS;
        const Tile tile = tile_of(min(turn < used ? turn : turn - used, ASSIGNMENTS - 1));
        const uint64_t base = pair_base(w, i < all ? tile.expert : 0, n);
        if (i < WARPS) {
            p = pair_load(base, lie, first);
            loaded = true;
            sync_wait();
        }
        if (i >= all) break;
        [[dont_unroll]] for (uint r0 = 0; r0 < tile.count; r0 += 4) {
            const uint row = list[tile.first + r0 + min(lane_g() & 3, tile.count - r0 - 1)];
            vec4 sum = vec4(0);
            [[dont_unroll]] for (uint b = first; b < end; b++) {
                if (!loaded) p = pair_load(base, lie, b);
                loaded = false;
                uvec4 v[8];
                f16_load4(h, row, b, v);
                MMA_SUMS c = MMA_SUMS(0.0);
                MMA_BLOCK(c, p.low, p.high, lane_t(), bits, v)
                sum += vec4(c[0], c[1], c[2], c[3]);
            }
            keep(tile, r0, parted ? first * assignments * WIDE : 0, sum);
        }
    }
    sync_group();
    [[dont_unroll]] for (uint i = lane; i < 16 * rows; i += gl_WorkGroupSize.x) {
        const uint r = i / 16, o = gl_WorkGroupID.x * 16 + i % 16;
        float sum = i == lane ? first_res : residual(i, 16 * rows);
        [[dont_unroll]] for (uint s = 0; s < top_k; s++) {
            float v = 0;
            [[unroll]] for (uint b = 0; b < BLOCKS; b++)
                if (b == 0 || parted) v += kept[((parted ? b * assignments : 0) + r * top_k + s) * WIDE + i % 16];
            sum = fma(assignment_weights[r * top_k + s], v, sum);
        }
        if (o < n) PutF32(at(y, r, n)).v[o] = sum;
    }
    sync_done();
}
