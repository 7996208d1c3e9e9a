#version 460
#extension GL_GOOGLE_include_directive : require
// Product of a weight matrix with every active row.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 2 outputs of 8 rows.
//
// op: linear
// tile: 2 8 1
// max_workgroups: 32768
// local: 128
// spec:
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "gemv/product_rows.glsl"

#include "push.glsl"

void store(uint r, uint o, float v) {
    if (res != 0) v += F32(at(res, r, n)).v[o];
    OutF32(at(y, r, n)).v[o] = v;
}

void main() {
    const uint first = gl_WorkGroupID.y * ROWS, active_rows = step.v[rows_at];
    if (first >= active_rows) return;
    const uint rows = min(ROWS, active_rows - first);
    const uint64_t xr = at(x, first, k);
    for (uint o = gl_WorkGroupID.x * 2; o < n; o += gl_NumWorkGroups.x * 2) {
        const bool both = o + 1 < n;
        const uint64_t a = weight_row(w, o, k), b = weight_row(w, both ? o + 1 : o, k);
        if (rows == 1)
            row_sums[row_sum(0)] = product2(a, b, xr, k);
        else
            product_rows(a, b, xr, k, rows);
        for (uint r = 0; r < rows; r++) {
            const vec2 v = group_sum2(row_sums[row_sum(r)]);
            if (gl_LocalInvocationID.x == 0) {
                store(first + r, o, v.x);
                if (both) store(first + r, o + 1, v.y);
            }
        }
    }
}
