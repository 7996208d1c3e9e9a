#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of the experts, with the rows that chose them, on any
// device: an invocation multiplies two rows of gate and the same two of up with
// eight rows of activations.
//
//   y[p][o] = silu(gate[e(p)][o] . x[p / share]) * (up[e(p)][o] . x[p / share])
//   for every assignment p
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// moe_sort leaves it, y {n, top_k, R} F32. One workgroup covers 128 outputs
// of one tile.
//
// op: grouped_gemm_swiglu
// tile: 128 1 1
// local: 64
// spec:
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "gemv/product_block.glsl"
#include "moe/silu.glsl"

#define PUSH_groups U32
#include "push.glsl"
#include "moe/groups.glsl"

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
    const Tile tile = tile_at(gl_WorkGroupID.y);
    const uint end = min(n, (gl_WorkGroupID.x + 1) * 128);
    for (uint r0 = 0; r0 < tile.count; r0 += BLOCK_ROWS) {
        uint assignment[BLOCK_ROWS];
        uint64_t xr[BLOCK_ROWS];
        [[unroll]] for (uint r = 0; r < BLOCK_ROWS; r++) {
            assignment[r] = assignment_at(tile.first + min(r0 + r, tile.count - 1));
            xr[r] = at(x, assignment[r] / share, k);
        }
        for (uint o = gl_WorkGroupID.x * 128 + 2 * gl_LocalInvocationID.x; o < end; o += 2 * gl_WorkGroupSize.x) {
            const uint64_t a = uint64_t(tile.expert) * n + o, b = o + 1 < n ? a + 1 : a;
            uint64_t wr[BLOCK_OUTS] = {weight_row(gate, a, k), weight_row(gate, b, k), weight_row(up, a, k), weight_row(up, b, k)};
            block_products(wr, xr, k);
            [[unroll]] for (uint r = 0; r < BLOCK_ROWS; r++) {
                if (r0 + r >= tile.count) break;
                const vec4 s = block_sums[r];
                OutF32(at(y, assignment[r], n)).v[o] = silu(s.x) * s.z;
                if (o + 1 < n) OutF32(at(y, assignment[r], n)).v[o + 1] = silu(s.y) * s.w;
            }
        }
    }
}
