#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and linear in one, for devices that are a CPU: every workgroup
// normalizes the row for itself.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 32 outputs of a row.
//
// op: norm_linear
// tile: 32 1 1
// local: 1 subgroups
// spec:
// needs: cpu subgroup8
// rows: 1 8
// requires: k%256
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "gemv/lanes.glsl"
#include "lane.glsl"
#include "gemv/lane_rows.glsl"

#include "push.glsl"

void main() {
    const uint r = gl_WorkGroupID.y, first = gl_WorkGroupID.x * LANE_OUTS;
    if (r >= step.v[rows_at]) return;
    vec4 sum = vec4(0);
    float squares = 0;
    for (uint b = 0; b < k / 256; b++) {
        lane_load_norm(at(x, r, k), norm, b, squares);
        sum = lane_rows(sum, w, first, n, k, b);
    }
    sum *= lane_rms(squares, k, eps);
    [[unroll]] for (uint t = 0; t < LANE_TILES; t++) {
        const uint o = lane_row(first, t);
        if (o < n) OutF32(at(y, r, n)).v[o] = sum[t];
    }
}
