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
#include "product.glsl"
layout(constant_id = 1) const uint K = 256;
const uint WARPS = 16, BLOCKS = K / 256, PLACES = 512, WIDE = 17, KEPT = 8704;

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t w; uint64_t h; ActU groups; uint64_t weights; uint64_t res; uint64_t y;
    uint k; uint n; uint tiles; uint top_k;
};
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent readonly buffer ActHalves { uvec4 v[]; };
#include "sync_main.glsl"
#include "groups.glsl"

shared float kept[KEPT]; // of a block's sums or of all blocks', sixteen of each place
shared uint list[PLACES], tile_list[3 * (PLACES + PLACES / GROUP_TILE)];

struct Pair { Unit low, high; };

// A subgroup's work is a row of steps, a block of a tile each.
uint shares; // of a tile's blocks, among subgroups
uint step_item(uint s) { return gl_SubgroupID + s / (BLOCKS / shares) * WARPS; }
uint step_tile(uint s) { return step_item(s) / shares; }
uint step_block(uint s) { return step_item(s) % shares * (BLOCKS / shares) + s % (BLOCKS / shares); }

Tile tile_of(uint i) { return Tile(tile_list[3 * i], tile_list[3 * i + 1], tile_list[3 * i + 2]); }

Pair load(uint s) {
    const uint o = gl_WorkGroupID.x * 16 + fragment_g(), u = 4 * step_block(s) + fragment_t();
    const uint64_t base = uint64_t(tile_list[3 * step_tile(s)]) * n;
    return Pair(unit_load(weight_row(w, base + min(o, n - 1), K), u), unit_load(weight_row(w, base + min(o + 8, n - 1), K), u));
}

uvec2 half_order(uvec2 v) { return uvec2((v.x & 0xffffu) | v.y << 16, v.x >> 16 | (v.y & 0xffff0000u)); }

// take brings the lane's 64 activations of place p.
void take(uint p, uint b, out uvec4 v[8]) {
    const uint64_t from = h + uint64_t(p) * K * 2;
    [[unroll]] for (uint i = 0; i < 8; i++) {
        const uvec4 a = ActHalves(from).v[32 * b + half_at(fragment_t(), i / 2) / 8 + i % 2];
        v[i] = uvec4(half_order(a.xy), half_order(a.zw));
    }
}

// keep adds the sums of places r0 .. r0 + 7 of a tile and a block to those of the
// blocks before that the subgroup has.
void keep(Tile tile, uint r0, uint b, uint places, vec4 sum) {
    const uint per = BLOCKS / shares, base = b / per * (shares > 1 ? places : 0);
    [[unroll]] for (uint i = 0; i < 2; i++) {
        const uint r = r0 + 2 * fragment_t() + i;
        if (r >= tile.count) continue;
        const uint to = (base + list[tile.first + r]) * WIDE + fragment_g();
        kept[to] = sum[i] + (b % per == 0 ? 0.0 : kept[to]);
        kept[to + 8] = sum[2 + i] + (b % per == 0 ? 0.0 : kept[to + 8]);
    }
}

void main() {
    const uint lane = gl_LocalInvocationID.x, rows = step.v[STEP_ROWS], places = rows * top_k;
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    shares = BLOCKS * places * WIDE <= KEPT ? BLOCKS : 1;
    sync_early();
    const uint used = groups.v[0];
    for (uint i = lane; i < max(places, 3 * used); i += gl_WorkGroupSize.x) {
        if (i < places) list[i] = place_at(i);
        if (i < 3 * used) tile_list[i] = groups.v[4 + i];
    }
    sync_group();
    const uint mine = used * shares > gl_SubgroupID ? (used * shares - gl_SubgroupID + WARPS - 1) / WARPS : 0, steps = mine * (BLOCKS / shares);
    Pair next;
    if (steps > 0) next = load(0);
    sync_wait();
    [[dont_unroll]] for (uint s = 0; s < steps; s++) {
        const Pair now = next;
        next = load(min(s + 1, steps - 1));
        const Tile tile = tile_of(step_tile(s));
        const uint b = step_block(s);
        [[dont_unroll]] for (uint r0 = 0; r0 < tile.count; r0 += 8) {
            uvec4 v[8];
            take(list[tile.first + min(r0 + fragment_g(), tile.count - 1)], b, v);
            FRAGMENT_SUMS c = FRAGMENT_SUMS(0.0);
            FRAGMENT_BLOCK(c, now.low, now.high, 4 * b + fragment_t(), bits, v)
            keep(tile, r0, b, places, vec4(c[0], c[1], c[2], c[3]));
        }
    }
    sync_group();
    for (uint i = lane; i < 16 * rows; i += gl_WorkGroupSize.x) {
        const uint r = i / 16, o = gl_WorkGroupID.x * 16 + i % 16;
        if (o >= n) continue;
        float sum = res != 0 ? Act(at(res, r, n)).v[o] : 0.0;
        for (uint s = 0; s < top_k; s++) {
            float v = 0;
            for (uint b = 0; b < shares; b++) v += kept[(b * places + r * top_k + s) * WIDE + i % 16];
            sum = fma(Act(at(weights, r, top_k)).v[s], v, sum);
        }
        PutF32(at(y, r, n)).v[o] = sum;
    }
    sync_done();
}
