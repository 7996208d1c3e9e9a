#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of the experts, with the rows that chose them, as halves in shared memory, for GPUs without matrix units.
//
//   y[p][o] = silu(gate[e(p)][o] . x[p / share]) * (up[e(p)][o] . x[p / share])
//   for every place p
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 64 outputs
// of one tile of places: half of its weight rows are gate's, half up's.
//
// op: expert_matmul_swiglu
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 64 1 1
// local: 128 exact
// spec:
// needs: gpu float16
// when: k%64
// precision: f16
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"
#include "halves.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t gate; uint64_t up; uint64_t x; U32 groups; uint64_t y;
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

#include "matrix_plain.glsl"
#include "matrix_run.glsl"

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
    const Tile tile = tile_at(gl_WorkGroupID.y);
    const uint lane = gl_LocalInvocationID.x;
    first_out = gl_WorkGroupID.x * (MATRIX_OUTS / 2);
    first_place = tile.first;
    for (uint i = lane; i < MATRIX_ROWS; i += gl_WorkGroupSize.x) source[i] = place_at(tile.first + min(i, tile.count - 1)) / share;
    barrier();
    const uint o = min(first_out + lane % (MATRIX_OUTS / 2), n - 1);
    matrix_product(weight_row(lane < MATRIX_OUTS / 2 ? gate : up, uint64_t(tile.expert) * n + o, k), x, k, tile.count);
    matrix_gated(tile.count);
}
