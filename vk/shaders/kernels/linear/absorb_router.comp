#version 460
#extension GL_GOOGLE_include_directive : require
// The product of a router's matrix, its norm's weights and an output matrix.
//
//   fold[e][j] = sum_i w[e][i] * norm[i] * o[i][j]
//
// o {k, n} of the kernel's type, w {n, experts}, norm {n}, fold {k, experts} F32.
// One workgroup covers 256 columns of 16 experts: an invocation decodes an
// element of o and multiplies it with sixteen of w.
//
// op: absorb_router
// tile: 256 16 1
// local: 256
// spec:
// needs: gpu
#include "core/common.glsl"
#include "weight.glsl"

#include "push.glsl"
#include "gemv/product.glsl"

const uint EXPERTS = 16, ROWS = 64;
shared vec4 factor[ROWS][EXPERTS / 4]; // w * norm

// load brings rows first .. first + ROWS of w and norm into shared memory; what
// does not exist is zero.
void load(uint first) {
    for (uint t = gl_LocalInvocationID.x; t < ROWS * EXPERTS; t += gl_WorkGroupSize.x) {
        const uint e = gl_WorkGroupID.y * EXPERTS + t / ROWS, i = first + t % ROWS;
        const bool there = e < experts && i < n;
        factor[t % ROWS][t / ROWS / 4][t / ROWS % 4] = there ? F32(at(w, e, n)).v[i] * F32(norm).v[i] : 0;
    }
}

void main() {
    for (uint j = gl_WorkGroupID.x * 256 + gl_LocalInvocationID.x; j - gl_LocalInvocationID.x < min(k, gl_WorkGroupID.x * 256 + 256); j += gl_WorkGroupSize.x) {
        vec4 sum[EXPERTS / 4];
        [[unroll]] for (uint q = 0; q < EXPERTS / 4; q++) sum[q] = vec4(0);
        for (uint first = 0; first < n; first += ROWS) {
            barrier();
            load(first);
            barrier();
            for (uint i = 0; i < min(ROWS, n - first); i++) {
                const float v = decode1(weight_row(o, first + i, k), min(j, k - 1));
                [[unroll]] for (uint q = 0; q < EXPERTS / 4; q++) sum[q] += v * factor[i][q];
            }
        }
        if (j >= k) continue;
        [[unroll]] for (uint q = 0; q < EXPERTS; q++) {
            const uint e = gl_WorkGroupID.y * EXPERTS + q;
            if (e < experts) OutF32(at(fold, e, k)).v[j] = sum[q / 4][q % 4];
        }
    }
}
