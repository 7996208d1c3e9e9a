#version 460
#extension GL_GOOGLE_include_directive : require
// linear for devices that are a CPU, whose invocations load one after the other.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 32 outputs of a row.
//
// op: linear
// tile: 32 1 1
// local: 1 subgroups
// spec:
// needs: cpu subgroup8
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
    for (uint b = 0; b < k / 256; b++) {
        lane_load(at(x, r, k), b);
        sum = lane_rows(sum, w, first, n, k, b);
    }
    [[unroll]] for (uint t = 0; t < LANE_TILES; t++) {
        const uint o = lane_row(first, t);
        if (o < n) OutF32(at(y, r, n)).v[o] = res != 0 ? F32(at(res, r, n)).v[o] + sum[t] : sum[t];
    }
}
