#version 460
#extension GL_GOOGLE_include_directive : require
// embed for few rows on a GPU, reporting when it is done.
//
//   x[r] = table[token(r)], token(r) as in embed.comp
//
// sampled {slots} U32, table {k, vocab} of the kernel's type, x {k, R} F32. One
// workgroup a row.
//
// op: embed
// types: F16 BF16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: all 1 1
// local: 256
// spec:
// needs: gpu
// rows: 1 128
// requires: k%8
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "sample/embed_token.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"

void main() {
    const uint r = gl_WorkGroupID.y;
    sync_wait();
    if (r < step.v[STEP_ROWS]) {
        uint token = step_row(step, r, ROW_TOKEN);
        if ((token & FROM_SAMPLED) != 0) token = embed_token(ActU(sampled).v[token & ~FROM_SAMPLED]);
        const uint64_t row = weight_row(table, token, k), xr = at(x, r, k);
        for (uint i = gl_LocalInvocationID.x * 8; i < k; i += gl_WorkGroupSize.x * 8) {
            vec4 lo, hi;
            decode8(row, i, lo, hi);
            PutF32x4(xr).v[i >> 2] = lo;
            PutF32x4(xr).v[(i >> 2) + 1] = hi;
        }
    }
    sync_done();
}
