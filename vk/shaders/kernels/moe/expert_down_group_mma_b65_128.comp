#version 460
#extension GL_GOOGLE_include_directive : require
// grouped_gemm and expert_combine in one for some rows, by matrix units whose operands
// are put together in registers.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * sum_i w[e(p)][o][i] * h[p][i],
//   p = r * top_k + s
//
// w {k, n, experts} of the kernel's type, h {k, top_k, R} F16, groups as moe_sort leaves
// it, weights {top_k, R}, res {n, R} or absent, y {n, R} F32. One workgroup covers
// 16 outputs of all rows. An item is up to eight assignments of a tile, whose weights are
// decoded once for them; the subgroups take some items each a round, one after the other,
// and after a round its products are added to the rows' sums. A row's sum is in the order
// of its experts' numbers, whatever the other rows chose.
//
// op: expert_down_group
// types: Q4_K Q5_K Q6_K
// tile: 16 1 1
// local: 16 subgroups
// spec: k
// needs: gpu shared48 warps16 coopmat subgroup32 float16 mma
// rows: 65 128
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
#extension GL_KHR_shader_subgroup_ballot : require
layout(constant_id = 1) const uint K = 256;
const uint WARPS = 16, BLOCKS = K / 256, ROWS = 128, ASSIGNMENTS = 8 * ROWS, EACH = 8, WIDE = 17;
const uint PASSES = 3, ROUND = PASSES * WARPS * EACH, NO_ROW = 0xffffffffu, TILES = 512, ITEMS = TILES + ASSIGNMENTS / EACH;

#define PUSH_groups ActU
#include "push.glsl"
#include "sync/sync_main.glsl"
#include "moe/groups.glsl"
#include "mma/mma_load.glsl"
#include "mma/mma_f16.glsl"

shared float sums[ROWS * WIDE];
shared float kept[ROUND * WIDE]; // a round's products times their weights
shared uint kept_row[ROUND];
shared uint list[ASSIGNMENTS], items[ITEMS], items_all; // an item's expert, first assignment in the list and count

// items_list cuts the tiles into items, in their order; an invocation has a tile.
void items_list(uint used) {
    const uint i = gl_LocalInvocationID.x;
    uint before = 0, mine = 0;
    Tile tile = Tile(0, 0, 0);
    if (i < used) tile = tile_at(i);
    mine = (tile.count + EACH - 1) / EACH;
    before = subgroupExclusiveAdd(mine);
    const uint all = subgroupAdd(mine);
    if (gl_SubgroupInvocationID == 0) kept_row[gl_SubgroupID] = all;
    sync_group();
    for (uint s = 0; s < gl_SubgroupID; s++) before += kept_row[s];
    [[dont_unroll]] for (uint j = 0; j < mine; j++)
        items[before + j] = tile.expert | (tile.first + j * EACH) << 12 | (min(EACH, tile.count - j * EACH) - 1) << 24;
    if (i == gl_WorkGroupSize.x - 1) items_all = before + mine;
}

// round_add adds a round's products to the sums of the invocation's rows, those that are
// lane / 16 modulo 32; an output is lane % 16.
void round_add() {
    const uint o = gl_LocalInvocationID.x % 16, mine = gl_LocalInvocationID.x / 16;
    [[dont_unroll]] for (uint j = 0; j < ROUND / 32; j++) {
        const uint row = kept_row[32 * j + gl_SubgroupInvocationID];
        const uint own = subgroupBallot(row != NO_ROW && row % 32 == subgroup_uniform(mine & ~1u)).x;
        const uint other = subgroupBallot(row != NO_ROW && row % 32 == subgroup_uniform(mine | 1u)).x;
        uint which = (mine & 1) == 0 ? own : other;
        [[dont_unroll]] while (which != 0) {
            const uint i = 32 * j + findLSB(which);
            which &= which - 1;
            sums[kept_row[i] * WIDE + o] += kept[i * WIDE + o];
        }
    }
}

void main() {
    const uint lane = gl_LocalInvocationID.x, rows = subgroup_uniform(step.v[STEP_ROWS]), assignments = rows * top_k;
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    sync_early();
    const uint used = min(subgroup_uniform(groups.v[0]), gl_WorkGroupSize.x);
    [[dont_unroll]] for (uint i = lane; i < assignments; i += gl_WorkGroupSize.x) list[i] = assignment_at(i);
    [[dont_unroll]] for (uint i = lane; i < 16 * rows; i += gl_WorkGroupSize.x) {
        const uint o = gl_WorkGroupID.x * 16 + i % 16;
        sums[i / 16 * WIDE + i % 16] = res != 0 && o < n ? Act(at(res, i / 16, n)).v[o] : 0.0;
    }
    items_list(used);
    sync_group();
    const uint all = subgroup_uniform(items_all), rounds = (all + PASSES * WARPS - 1) / (PASSES * WARPS);
    const uvec2 lie = pair_rows(gl_WorkGroupID.x * 16, n - 1);
    Pair p = pair_load(pair_base(w, subgroup_uniform(items[min(gl_SubgroupID, all - 1)]) & 0xfffu, n), lie, 0);
    sync_wait();
    [[dont_unroll]] for (uint turn = 0; turn < PASSES * rounds; turn++) {
        const uint i = turn * WARPS + gl_SubgroupID;
        const uint item = subgroup_uniform(items[min(i, all - 1)]), next = subgroup_uniform(items[min(i + WARPS, all - 1)]);
        const uint count = i < all ? (item >> 24) + 1 : 0, first = item >> 12 & 0xfffu;
        MMA_SUMS c = MMA_SUMS(0.0);
        const uint assignment = list[first + min(lane_g(), max(count, 1) - 1)];
        if (subgroup_uniform(count) > 0) {
            [[dont_unroll]] for (uint b = 0; b < BLOCKS; b++) {
                uvec4 v[8];
                f16_load(h, assignment, b, v);
                const Pair now = p;
                const bool last = b + 1 == BLOCKS;
                p = pair_load(pair_base(w, (last ? next : item) & 0xfffu, n), lie, last ? 0 : b + 1);
                MMA_BLOCK(c, now.low, now.high, lane_t(), bits, v)
            }
        }
        [[unroll]] for (uint j = 0; j < 2; j++) {
            const uint r = 2 * lane_t() + j, to = (turn % PASSES * WARPS + gl_SubgroupID) * EACH + r;
            const uint of = list[first + min(r, max(count, 1) - 1)];
            const float weight = Act(weights).v[of];
            if (lane_g() == 0) kept_row[to] = r < count ? of / top_k : NO_ROW;
            kept[to * WIDE + lane_g()] = weight * float(c[j]);
            kept[to * WIDE + lane_g() + 8] = weight * float(c[2 + j]);
        }
        if (turn % PASSES < PASSES - 1) continue;
        sync_group();
        round_add();
        sync_group();
    }
    [[dont_unroll]] for (uint i = lane; i < 16 * rows; i += gl_WorkGroupSize.x) {
        const uint o = gl_WorkGroupID.x * 16 + i % 16;
        if (o < n) PutF32(at(y, i / 16, n)).v[o] = sums[i / 16 * WIDE + i % 16];
    }
    sync_done();
}
