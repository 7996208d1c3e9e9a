#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the rows that chose them, by matrix units.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every place p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 128 outputs
// of one tile of places.
//
// op: expert_matmul
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 128 1 1
// local: 128 exact
// spec:
// needs: gpu coopmat subgroup32 float16
// when: k%64
// precision: f16
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"
#include "halves.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t w; uint64_t x; U32 groups; uint64_t y;
    uint k; uint n; uint tiles; uint share;
};
#include "groups.glsl"
#include "silu.glsl"
#include "matrix_floats.glsl"
#include "matrix.glsl"

uint first_out, first_place;

void put(uint row, uint o, float v) {
    if (first_out + o < n) OutF32(at(y, place_at(first_place + row), n)).v[first_out + o] = v;
}

#include "matrix_coop.glsl"
#include "matrix_run.glsl"

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
    const Tile tile = tile_at(gl_WorkGroupID.y);
    first_out = gl_WorkGroupID.x * MATRIX_OUTS;
    first_place = tile.first;
    for (uint i = gl_LocalInvocationID.x; i < MATRIX_ROWS; i += gl_WorkGroupSize.x)
        source[i] = place_at(tile.first + min(i, tile.count - 1)) / share;
    barrier();
    const uint o = min(first_out + gl_LocalInvocationID.x, n - 1);
    matrix_product(weight_row(w, uint64_t(tile.expert) * n + o, k), x, k, tile.count);
    matrix_each(tile.count);
}
