#version 460
#extension GL_GOOGLE_include_directive : require
// Root mean square normalization of the rows whose logits are wanted.
//
//   y[j][i] = w[i] * x[out(j)][i] / sqrt(mean_i(x[out(j)][i]^2) + eps)
//
// x {n, R} F32, w {n} F32, y {n, O} F32. One workgroup an output row.
//
// op: gather_norm
// types: F32
// tile: all 1 1
// local: 512
// spec:
// rows: 1 15
#include "core/common.glsl"
#include "core/reduce.glsl"

#define PUSH_w F32
#include "push.glsl"

void main() {
    const uint j = gl_WorkGroupID.y, lanes = gl_WorkGroupSize.x;
    if (j >= step.v[STEP_OUTS]) return;
    F32 row = F32(at(x, step.v[step.v[STEP_OUTS_AT] + j], n));
    OutF32 out_row = OutF32(at(y, j, n));
    float sum = 0;
    for (uint i = gl_LocalInvocationID.x; i < n; i += lanes) sum = fma(row.v[i], row.v[i], sum);
    const float scale = 1.0 / sqrt(group_sum(sum) / float(n) + eps);
    for (uint i = gl_LocalInvocationID.x; i < n; i += lanes) out_row.v[i] = w.v[i] * (row.v[i] * scale);
}
