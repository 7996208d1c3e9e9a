#version 460
#extension GL_GOOGLE_include_directive : require
// matvec for many rows, by matrix units.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 128 outputs of 64 rows.
//
// op: matvec
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 128 64 1
// local: 128 exact
// spec:
// needs: gpu coopmat subgroup32 float16
// rows: 16 0
// when: k%64
// precision: f16
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"
#include "halves.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t w; uint64_t x; uint64_t res; uint64_t y;
    uint k; uint n; uint count;
};
#include "silu.glsl"
#include "matrix_floats.glsl"
#include "matrix.glsl"

uint first_row, first_out;

void put(uint row, uint o, float v) {
    if (first_out + o >= n) return;
    if (res != 0) v += F32(at(res, first_row + row, n)).v[first_out + o];
    OutF32(at(y, first_row + row, n)).v[first_out + o] = v;
}

#include "matrix_coop.glsl"
#include "matrix_run.glsl"

void main() {
    const uint active_rows = step.v[count];
    first_row = gl_WorkGroupID.y * MATRIX_ROWS;
    first_out = gl_WorkGroupID.x * MATRIX_OUTS;
    if (first_row >= active_rows) return;
    const uint rows = min(MATRIX_ROWS, active_rows - first_row);
    for (uint i = gl_LocalInvocationID.x; i < MATRIX_ROWS; i += gl_WorkGroupSize.x) source[i] = first_row + min(i, rows - 1);
    barrier();
    matrix_product(weight_row(w, min(first_out + gl_LocalInvocationID.x, n - 1), k), x, k, rows);
    matrix_each(rows);
}
