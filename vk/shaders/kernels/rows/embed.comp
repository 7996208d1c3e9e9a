#version 460
#extension GL_GOOGLE_include_directive : require
// Rows of the embedding table.
//
//   x[r] = table[token(r)]
//
// token(r) is the step's token or, where its top bit is set, the sampled token
// that its other bits name. sampled {slots} U32, table {k, vocab} of the
// kernel's type, x {k, R} F32. One workgroup per row.
//
// op: embed
// tile: all 1 1
// local: 256
// spec:
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "sample/embed_token.glsl"

#define PUSH_sampled U32
#include "push.glsl"

layout(buffer_reference, scalar, buffer_reference_align = 16) restrict writeonly buffer OutF32x4 { vec4 v[]; };

void main() {
    const uint r = gl_WorkGroupID.y, whole = runs(k);
    if (r >= step.v[STEP_ROWS]) return;
    uint token = step_row(step, r, ROW_TOKEN);
    if ((token & FROM_SAMPLED) != 0) token = embed_token(sampled.v[token & ~FROM_SAMPLED]);
    const uint64_t row = weight_row(table, token, k), xr = at(x, r, k);
    for (uint i = gl_LocalInvocationID.x * 8; i < whole; i += gl_WorkGroupSize.x * 8) {
        vec4 lo, hi;
        decode8(row, i, lo, hi);
        OutF32x4(xr).v[i >> 2] = lo;
        OutF32x4(xr).v[(i >> 2) + 1] = hi;
    }
    for (uint i = whole + gl_LocalInvocationID.x; i < k; i += gl_WorkGroupSize.x)
        OutF32(xr).v[i] = decode1(row, i);
}
