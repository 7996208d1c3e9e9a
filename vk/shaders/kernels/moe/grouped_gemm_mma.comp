#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the rows that chose them, by matrix units whose
// operands are put together in registers.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every assignment p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// moe_sort leaves it, y {n, top_k, R} F32. One workgroup covers 512 outputs
// of one tile of assignments, 256 at a time; a subgroup of these 32.
//
// op: grouped_gemm
// tile: 512 1 1
// local: 8 subgroups
// spec:
// needs: gpu shared48 warps8 coopmat subgroup32 float16 mma
// rows: 65 0
// requires: k%256
// precision: f16
#define THREADS 256
#define CHUNKS 2
#include "core/common.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
#include "gemv/product.glsl"
#define TILE_M 64

#define PUSH_groups U32
#include "push.glsl"
#include "moe/groups.glsl"
#include "act/tile_f32.glsl"
#include "mma/mma_tile.glsl"
const uint TILE_N = 32;
#include "moe/grouped_mma_main.glsl"

uint64_t mma_weights(uint expert, uint m, uint o) {
    return weight_row(w, uint64_t(expert) * n + min(o + 16 * m, n - 1), k);
}

void mma_put(uint r, uint o, vec4 sums) {
    OutF32 to = OutF32(at(y, assignments[r], n));
    sums /= x_scale[r]; // powers of two
    [[unroll]] for (uint i = 0; i < 4; i++)
        if (o + 8 * i < n) to.v[o + 8 * i] = sums[i];
}
