#version 460
#extension GL_GOOGLE_include_directive : require
// Root mean square normalization of each active row (Zhang and Sennrich,
// arXiv 1910.07467), as floats and as halves.
//
//   y[r][i] = w[i] * x[r][i] / sqrt(mean_i(x[r][i]^2) + eps)
//   y_f16[r][i] = y[r][i] rounded to a half, at most 65504 in size
//
// x, y {n, R}, w {n} F32, y_f16 {n, R} F16, n even. One workgroup per row.
//
// op: rms_norm_f16
// types: F32
// tile: all 1 1
// local: 512
// spec:
// f16: y_f16
// requires: n%2
#include "core/common.glsl"
#include "core/reduce.glsl"

#include "push.glsl"

layout(buffer_reference, scalar, buffer_reference_align = 8) restrict readonly buffer Floats { vec2 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) restrict writeonly buffer OutFloats { vec2 v[]; };

void main() {
    const uint r = gl_WorkGroupID.y, lanes = gl_WorkGroupSize.x;
    if (r >= step.v[rows_at]) return;
    Floats xr = Floats(at(x, r, n));
    float sum = 0;
    for (uint i = gl_LocalInvocationID.x; i < n / 2; i += lanes) {
        const vec2 a = xr.v[i];
        sum = fma(a.x, a.x, fma(a.y, a.y, sum));
    }
    const float scale = 1.0 / sqrt(group_sum(sum) / float(n) + eps);
    for (uint i = gl_LocalInvocationID.x; i < n / 2; i += lanes) {
        const vec2 v = Floats(w).v[i] * (xr.v[i] * scale);
        OutFloats(at(y, r, n)).v[i] = v;
        OutU32(y_f16 + uint64_t(r) * n * 2).v[i] = packHalf2x16(clamp(v, -65504.0, 65504.0));
    }
}
