#version 460
#extension GL_GOOGLE_include_directive : require
// matvec with packed integer dot products, for more rows than matvec_dot: a
// weight is loaded once for four of them.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 64 outputs of four rows.
//
// op: matvec
// types: Q4_K Q5_K Q6_K
// tile: 64 4 1
// local: 256
// spec: k
// needs: gpu dot shared48
// rows: 9 64
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
    U32 step; uint64_t w; uint64_t x; uint64_t res; uint64_t y;
    uint k; uint n; uint count;
};

void main() {
    const uint r0 = gl_WorkGroupID.y * FEW, active_rows = step.v[count];
    if (r0 >= active_rows) return;
    const uint rows = min(FEW, active_rows - r0), end = min(n, (gl_WorkGroupID.x + 1) * TILE);
    const uint lanes = few_lanes(), abreast = gl_SubgroupSize / lanes, mine = gl_SubgroupInvocationID / lanes;
    for (uint i = gl_LocalInvocationID.x; i < rows * (K / 8); i += gl_WorkGroupSize.x)
        few_take(at(x, r0 + i / (K / 8), K), i);
    barrier();
    for (uint first = gl_WorkGroupID.x * TILE + gl_SubgroupID * abreast; first < end; first += gl_NumSubgroups * abreast) {
        const uint o = first + mine;
        const vec4 sum = few_dot(weight_row(w, min(o, n - 1), K), rows);
        if (gl_SubgroupInvocationID % lanes != 0 || o >= end) continue;
        [[unroll]] for (uint r = 0; r < FEW; r++) {
            if (r >= rows) break;
            const float before = res != 0 ? F32(at(res, r0 + r, n)).v[o] : 0.0;
            OutF32(at(y, r0 + r, n)).v[o] = sum[r] + before;
        }
    }
}
