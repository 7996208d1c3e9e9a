#version 460
#extension GL_GOOGLE_include_directive : require
// The gated unit between an expert's products.
//
//   y[r][i] = silu(gate[r][i]) * up[r][i],  silu(a) = a / (1 + exp(-a))
//
// gate, up, y {n, R} F32. One workgroup covers 1024 elements of a row.
//
// op: swiglu
// types: F32
// tile: 1024 1 1
// local: 256
// spec:
#include "core/common.glsl"
#include "moe/silu.glsl"

#include "push.glsl"

void main() {
    const uint r = gl_WorkGroupID.y, first = gl_WorkGroupID.x * 1024;
    if (r >= step.v[STEP_ROWS]) return;
    F32 g = F32(at(gate, r, n)), u = F32(at(up, r, n));
    OutF32 yr = OutF32(at(y, r, n));
    const uint last = min(first + 1024, n);
    for (uint i = first + gl_LocalInvocationID.x; i < last; i += gl_WorkGroupSize.x)
        yr.v[i] = silu(g.v[i]) * u.v[i];
}
