#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of the experts, with the rows that chose them, kept as
// halves, by matrix units whose operands are put together in registers.
//
//   y[p][o] = silu(gate[e(p)][o] . x[p / share]) * (up[e(p)][o] . x[p / share])
//   for every assignment p
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows} F16, groups as
// moe_sort leaves it, y {n, top_k, R} F32. One workgroup covers 128 outputs
// of one tile of assignments, a subgroup sixteen of gate's rows and of up's.
//
// op: grouped_gemm_swiglu
// tile: 128 1 1
// local: 8 subgroups
// spec:
// needs: gpu shared48 warps8 coopmat subgroup32 float16 mma
// rows: 65 0
// requires: k%256
// f16: x
// precision: f16
#define THREADS 256
#define CHUNKS 1
#include "core/common.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
#include "gemv/product.glsl"
#include "moe/silu.glsl"

#define PUSH_groups U32
#include "push.glsl"
#include "moe/groups.glsl"
#include "act/tile_f16.glsl"
#include "mma/mma_tile.glsl"
const uint TILE_N = 16;
#include "moe/grouped_mma_main.glsl"

uint64_t mma_weights(uint expert, uint m, uint o) {
    return weight_row(m == 0 ? gate : up, uint64_t(expert) * n + min(o, n - 1), k);
}

void mma_put(uint r, uint o, vec4 sums) {
    OutF32 to = OutF32(at(y, assignments[r], n));
    if (o < n) to.v[o] = silu(sums.x) * sums.z;
    if (o + 8 < n) to.v[o + 8] = silu(sums.y) * sums.w;
}
