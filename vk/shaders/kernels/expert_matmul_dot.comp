#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the few rows that chose them, with packed integer
// dot products.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every place p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 64 outputs
// of one tile of places, four of them at a time.
//
// op: expert_matmul
// types: Q4_K Q5_K Q6_K
// tile: 64 1 1
// local: 256
// spec: k
// needs: gpu dot shared48
// rows: 16 64
// when: k%256 k<=4096
// precision: q16 q8
#include "common.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FIXED = 4 * K, TILE = 64;
#include "fixed.glsl"
#include "dot_unit.glsl"
#include "product.glsl"
#include "rows_few.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t w; uint64_t x; U32 groups; uint64_t y;
    uint k; uint n; uint tiles; uint share;
};
#include "groups.glsl"

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
    const Tile tile = tile_at(gl_WorkGroupID.y);
    const uint lanes = few_lanes(), abreast = gl_SubgroupSize / lanes, mine = gl_SubgroupInvocationID / lanes;
    const uint end = min(n, (gl_WorkGroupID.x + 1) * TILE);
    for (uint r0 = 0; r0 < tile.count; r0 += FEW) {
        const uint rows = min(FEW, tile.count - r0);
        barrier();
        for (uint i = gl_LocalInvocationID.x; i < rows * (K / 8); i += gl_WorkGroupSize.x)
            few_take(at(x, place_at(tile.first + r0 + i / (K / 8)) / share, K), i);
        barrier();
        for (uint first = gl_WorkGroupID.x * TILE + gl_SubgroupID * abreast; first < end; first += gl_NumSubgroups * abreast) {
            const uint o = first + mine;
            const vec4 sum = few_dot(weight_row(w, uint64_t(tile.expert) * n + min(o, n - 1), K), rows);
            if (gl_SubgroupInvocationID % lanes != 0 || o >= end) continue;
            [[unroll]] for (uint r = 0; r < FEW; r++)
                if (r < rows) OutF32(at(y, place_at(tile.first + r0 + r), n)).v[o] = sum[r];
        }
    }
}
