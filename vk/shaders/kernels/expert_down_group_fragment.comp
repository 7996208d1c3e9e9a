#version 460
#extension GL_GOOGLE_include_directive : require
// expert_matmul and expert_combine in one for few rows, by matrix units whose
// operands are put together in registers.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * sum_i w[e(p)][o][i] * h[p][i],
//   p = r * top_k + s
//
// w {k, n, experts} of the kernel's type, h {k, top_k, R} F16, groups as expert_group
// leaves it, weights {top_k, R}, res {n, R} or absent, y {n, R} F32. One workgroup
// covers 16 outputs of all rows: its subgroups share out the tiles, or, where there
// are few places, the tiles' blocks of k, and keep every place's sums. A sum is that
// of its blocks' sums in their order, whichever subgroups make them.
//
// op: expert_down_group
// types: Q4_K Q5_K Q6_K
// tile: 16 1 1
// local: 16 subgroups
// spec: k
// needs: gpu shared48 warps16 coopmat subgroup32 float16 fragments
// rows: 2 64
// when: k%256 k<=1024 top_k<=8
// halves: h
// precision: f16
// sync: counter
// early: groups weights
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
layout(constant_id = 1) const uint K = 256;
const uint WARPS = 16, BLOCKS = K / 256, PLACES = 512, WIDE = 17, KEPT = 8704;

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t w; uint64_t h; ActU groups; uint64_t weights; uint64_t res; uint64_t y;
    uint k; uint n; uint tiles; uint top_k;
};
#include "sync_main.glsl"
#include "groups.glsl"
#include "fragment_load.glsl"
#include "fragment_halves.glsl"

shared float kept[KEPT]; // of a block's sums or of all blocks', sixteen of each place
shared uint list[PLACES], tile_list[3 * (PLACES + PLACES / GROUP_TILE)];

Tile tile_of(uint i) { return Tile(tile_list[3 * i], tile_list[3 * i + 1], tile_list[3 * i + 2]); }

// keep stores the sums of places r0 .. r0 + 7 of a tile, which begin at kept[base].
void keep(Tile tile, uint r0, uint base, vec4 sum) {
    [[unroll]] for (uint i = 0; i < 2; i++) {
        const uint r = r0 + 2 * fragment_t() + i;
        if (r >= tile.count) continue;
        const uint to = base + list[tile.first + r] * WIDE + fragment_g();
        kept[to] = sum[i];
        kept[to + 8] = sum[2 + i];
    }
}

// A subgroup does a tile's blocks, or, where they are parted, one of them; of more
// than eight places eight at a time.
struct Step { Tile tile; uint block, r0; };

Step step_at(uint i, bool parted, uint turned, uint used) {
    const uint tile = (parted ? i / BLOCKS : i) + turned;
    return Step(tile_of(min(tile < used ? tile : tile - used, used - 1)), parted ? i % BLOCKS : 0, 0);
}

void main() {
    const uint lane = gl_LocalInvocationID.x, rows = step.v[STEP_ROWS], places = rows * top_k;
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    const bool parted = BLOCKS * places * WIDE <= KEPT;
    sync_early();
    const uint used = groups.v[0], all = parted ? used * BLOCKS : used;
    for (uint i = lane; i < max(places, 3 * used); i += gl_WorkGroupSize.x) {
        if (i < places) list[i] = place_at(i);
        if (i < 3 * used) tile_list[i] = groups.v[4 + i];
    }
    sync_group();
    const uvec2 lie = pair_rows(gl_WorkGroupID.x * 16, n - 1);
    // Workgroups begin at different tiles, so that they do not all ask for the same
    // activations at once.
    const uint turned = used * gl_WorkGroupID.x / gl_NumWorkGroups.x;
    Step next = step_at(gl_SubgroupID, parted, turned, used);
    Pair next_pair;
    if (gl_SubgroupID < all) next_pair = pair_load(pair_base(w, next.tile.expert, n), lie, next.block);
    sync_wait();
    vec4 sum = vec4(0);
    [[dont_unroll]] for (uint i = gl_SubgroupID; i < all;) {
        const Step now = next;
        const Pair p = next_pair;
        const bool last = parted || now.block + 1 == BLOCKS, done = last && now.r0 + 8 >= now.tile.count;
        if (done) {
            i += WARPS;
            next = step_at(i, parted, turned, used);
        } else {
            next.block = last && !parted ? 0 : now.block + (last ? 0 : 1);
            if (last) next.r0 += 8;
        }
        if (i < all) next_pair = pair_load(pair_base(w, next.tile.expert, n), lie, next.block);
        const uint left = now.tile.count - now.r0;
        const uint row = list[now.tile.first + now.r0 + min(left > 4 ? fragment_g() : fragment_g() & 3, left - 1)];
        uvec4 v[8];
        if (left <= 4) halves_take4(h, row, now.block, v);
        else halves_take(h, row, now.block, v);
        FRAGMENT_SUMS c = FRAGMENT_SUMS(0.0);
        FRAGMENT_BLOCK(c, p.low, p.high, fragment_t(), bits, v)
        sum += vec4(c[0], c[1], c[2], c[3]);
        if (last) {
            keep(now.tile, now.r0, parted ? now.block * places * WIDE : 0, sum);
            sum = vec4(0);
        }
    }
    sync_group();
    for (uint i = lane; i < 16 * rows; i += gl_WorkGroupSize.x) {
        const uint r = i / 16, o = gl_WorkGroupID.x * 16 + i % 16;
        if (o >= n) continue;
        float sum = res != 0 ? Act(at(res, r, n)).v[o] : 0.0;
        for (uint s = 0; s < top_k; s++) {
            float v = 0;
            for (uint b = 0; b < (parted ? BLOCKS : 1); b++) v += kept[(b * places + r * top_k + s) * WIDE + i % 16];
            sum = fma(Act(at(weights, r, top_k)).v[s], v, sum);
        }
        PutF32(at(y, r, n)).v[o] = sum;
    }
    sync_done();
}
