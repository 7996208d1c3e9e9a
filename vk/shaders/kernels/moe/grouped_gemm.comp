#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the rows that chose them, on any device: an
// invocation multiplies four weight rows with eight rows of activations.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every assignment p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// moe_sort leaves it, y {n, top_k, R} F32. One workgroup covers 256 outputs
// of one tile.
//
// op: grouped_gemm
// tile: 256 1 1
// local: 64
// spec:
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "gemv/product_block.glsl"

#define PUSH_groups U32
#include "push.glsl"
#include "moe/groups.glsl"

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
    const Tile tile = tile_at(gl_WorkGroupID.y);
    const uint end = min(n, (gl_WorkGroupID.x + 1) * 256);
    for (uint r0 = 0; r0 < tile.count; r0 += BLOCK_ROWS) {
        uint assignment[BLOCK_ROWS];
        uint64_t xr[BLOCK_ROWS];
        [[unroll]] for (uint r = 0; r < BLOCK_ROWS; r++) {
            assignment[r] = assignment_at(tile.first + min(r0 + r, tile.count - 1));
            xr[r] = at(x, assignment[r] / share, k);
        }
        for (uint o = gl_WorkGroupID.x * 256 + BLOCK_OUTS * gl_LocalInvocationID.x; o < end; o += BLOCK_OUTS * gl_WorkGroupSize.x) {
            uint64_t wr[BLOCK_OUTS];
            block_weights(w, uint64_t(tile.expert) * n, o, n, k, wr);
            block_products(wr, xr, k);
            [[unroll]] for (uint r = 0; r < BLOCK_ROWS; r++)
                for (uint j = 0; j < min(BLOCK_OUTS, n - o) && r0 + r < tile.count; j++)
                    OutF32(at(y, assignment[r], n)).v[o + j] = block_sums[r][j];
        }
    }
}
