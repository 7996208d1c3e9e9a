#version 460
#extension GL_GOOGLE_include_directive : require
// The rows whose logits are wanted.
//
//   y[j] = x[out(j)]
//
// x {n, R} F32, y {n, O} F32. One workgroup an output row.
//
// op: gather
// types: F32
// tile: all 1 1
// local: 256
// spec:
#include "core/common.glsl"

#include "push.glsl"

void main() {
    const uint j = gl_WorkGroupID.y;
    if (j >= step.v[STEP_OUTS]) return;
    F32 xr = F32(at(x, step.v[step.v[STEP_OUTS_AT] + j], n));
    OutF32 yr = OutF32(at(y, j, n));
    for (uint i = gl_LocalInvocationID.x; i < n; i += gl_WorkGroupSize.x) yr.v[i] = xr.v[i];
}
