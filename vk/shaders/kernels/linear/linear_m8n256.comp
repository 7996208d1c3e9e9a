#version 460
#extension GL_GOOGLE_include_directive : require
// linear for many rows, on any device: an invocation multiplies four weight
// rows with eight rows of activations.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 256 outputs of 8 rows.
//
// op: linear
// tile: 256 8 1
// local: 64
// spec:
// rows: 16 0
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "gemv/product_block.glsl"

#include "push.glsl"

void main() {
    const uint first = gl_WorkGroupID.y * BLOCK_ROWS, rows = step.v[rows_at];
    if (first >= rows) return;
    uint64_t xr[BLOCK_ROWS];
    [[unroll]] for (uint r = 0; r < BLOCK_ROWS; r++) xr[r] = at(x, min(first + r, rows - 1), k);
    const uint end = min(n, (gl_WorkGroupID.x + 1) * 256);
    for (uint o = gl_WorkGroupID.x * 256 + BLOCK_OUTS * gl_LocalInvocationID.x; o < end; o += BLOCK_OUTS * gl_WorkGroupSize.x) {
        uint64_t wr[BLOCK_OUTS];
        block_weights(w, 0, o, n, k, wr);
        block_products(wr, xr, k);
        [[unroll]] for (uint r = 0; r < BLOCK_ROWS; r++)
            for (uint j = 0; j < min(BLOCK_OUTS, n - o) && first + r < rows; j++) {
                const float before = res != 0 ? F32(at(res, first + r, n)).v[o + j] : 0;
                OutF32(at(y, first + r, n)).v[o + j] = block_sums[r][j] + before;
            }
    }
}
