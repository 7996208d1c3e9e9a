#version 460
#extension GL_GOOGLE_include_directive : require
// What finds which lane of a subgroup holds which element of a matrix; it serves
// no operation.
//
//   y[i][lane] = the number of element i of the lane, for 8 elements of a {16, 16},
//   then 4 of b {16, 8} and 4 of c {16, 8}; -1 where a lane holds more or fewer
//
// Elements are numbered row by row. y F32, one workgroup of two subgroups, the first of which writes.
//
// op: none
// types: F16
// tile: 1 1 1
// local: 64 exact
// spec:
// needs: gpu coopmat subgroup32 float16
#include "core/common.glsl"
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require

layout(push_constant, scalar) uniform Push { OutF32 y; };

shared float16_t halves[256];
shared float singles[128];

void main() {
    const uint lane = gl_SubgroupInvocationID;
    if (gl_SubgroupID > 0) return;
    for (uint i = lane; i < 256; i += 32) halves[i] = float16_t(i);
    for (uint i = lane; i < 128; i += 32) singles[i] = float(i);
    subgroupMemoryBarrierShared();
    subgroupBarrier();
    coopmat<float16_t, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA> a;
    coopmat<float16_t, gl_ScopeSubgroup, 16, 8, gl_MatrixUseB> b;
    coopmat<float, gl_ScopeSubgroup, 16, 8, gl_MatrixUseAccumulator> c;
    coopMatLoad(a, halves, 0, 16, gl_CooperativeMatrixLayoutRowMajor);
    coopMatLoad(b, halves, 0, 8, gl_CooperativeMatrixLayoutRowMajor);
    coopMatLoad(c, singles, 0, 8, gl_CooperativeMatrixLayoutRowMajor);
    const bool whole = a.length() == 8 && b.length() == 4 && c.length() == 4;
    [[unroll]] for (uint i = 0; i < 8; i++) y.v[32 * i + lane] = whole ? float(a[i]) : -1.0;
    [[unroll]] for (uint i = 0; i < 4; i++) y.v[32 * (8 + i) + lane] = whole ? float(b[i]) : -1.0;
    [[unroll]] for (uint i = 0; i < 4; i++) y.v[32 * (12 + i) + lane] = whole ? c[i] : -1.0;
}
