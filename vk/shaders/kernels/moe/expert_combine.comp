#version 460
#extension GL_GOOGLE_include_directive : require
// The weighted sum of each row's experts, added to the residual.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * x[r][s][o], in the choices' order
//
// x {n, top_k, R}, weights {top_k, R}, res {n, R} or absent, y {n, R}, all F32.
// One workgroup covers 1024 outputs of a row.
//
// op: expert_combine
// types: F32
// tile: 1024 1 1
// local: 256
// spec:
#include "core/common.glsl"

#include "push.glsl"

layout(buffer_reference, scalar, buffer_reference_align = 16) restrict writeonly buffer OutF32x4 { vec4 v[]; };

void main() {
    const uint r = gl_WorkGroupID.y, first = gl_WorkGroupID.x * 1024, end = min(n, first + 1024);
    if (r >= step.v[STEP_ROWS]) return;
    F32 share = F32(at(weights, r, top_k));
    const uint64_t in_row = at(x, r * top_k, n), res_row = at(res, r, n), out_row = at(y, r, n);
    const uint whole = (n & 3) == 0 ? end : first; // rows are aligned
    for (uint o = first + 4 * gl_LocalInvocationID.x; o < whole; o += 4 * gl_WorkGroupSize.x) {
        vec4 sum = res != 0 ? F32x4(res_row).v[o / 4] : vec4(0);
        for (uint s = 0; s < top_k; s++) sum = fma(vec4(share.v[s]), F32x4(at(in_row, s, n)).v[o / 4], sum);
        OutF32x4(out_row).v[o / 4] = sum;
    }
    for (uint o = whole + gl_LocalInvocationID.x; o < end; o += gl_WorkGroupSize.x) {
        float sum = res != 0 ? F32(res_row).v[o] : 0;
        for (uint s = 0; s < top_k; s++) sum = fma(share.v[s], F32(at(in_row, s, n)).v[o], sum);
        OutF32(out_row).v[o] = sum;
    }
}
