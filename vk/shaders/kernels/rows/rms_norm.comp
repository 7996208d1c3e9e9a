#version 460
#extension GL_GOOGLE_include_directive : require
// Root mean square normalization of each active row.
//
//   y[r][i] = w[i] * x[r][i] / sqrt(mean_i(x[r][i]^2) + eps)
//
// x {n, R} F32, w {n} F32, y {n, R} F32. One workgroup per row.
//
// op: rms_norm
// types: F32
// tile: all 1 1
// local: 512
// spec:
#include "core/common.glsl"
#include "core/reduce.glsl"

#define PUSH_w F32
#include "push.glsl"

void main() {
    const uint r = gl_WorkGroupID.y, lanes = gl_WorkGroupSize.x;
    if (r >= step.v[rows_at]) return;
    F32 xr = F32(at(x, r, n));
    OutF32 yr = OutF32(at(y, r, n));
    float sum = 0;
    for (uint i = gl_LocalInvocationID.x; i < n; i += lanes) {
        float a = xr.v[i];
        sum = fma(a, a, sum);
    }
    const float scale = 1.0 / sqrt(group_sum(sum) / float(n) + eps);
    for (uint i = gl_LocalInvocationID.x; i < n; i += lanes) yr.v[i] = w.v[i] * (xr.v[i] * scale);
}
