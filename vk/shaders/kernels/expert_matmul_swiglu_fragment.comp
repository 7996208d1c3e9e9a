#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of the experts, with the rows that chose them, kept as
// halves, by matrix units whose operands are put together in registers.
//
//   y[p][o] = silu(gate[e(p)][o] . x[p / share]) * (up[e(p)][o] . x[p / share])
//   for every place p
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows} F16, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 128 outputs
// of one tile of places, a subgroup sixteen of gate's rows and of up's.
//
// op: expert_matmul_swiglu
// types: Q4_K Q5_K Q6_K
// tile: 128 1 1
// local: 8 subgroups
// spec:
// needs: gpu shared48 warps8 coopmat subgroup32 float16 fragments
// rows: 65 0
// when: k%256
// halves: x
// precision: f16
#define THREADS 256
#define CHUNKS 1
#include "common.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
#include "product.glsl"
#include "silu.glsl"

#define PUSH_groups U32
#include "push.glsl"
#include "groups.glsl"
#include "matrix_halves.glsl"
#include "fragment_tile.glsl"
const uint OUTS = 16;
#include "expert_fragment_main.glsl"

uint64_t fragment_weights(uint expert, uint m, uint o) {
    return weight_row(m == 0 ? gate : up, uint64_t(expert) * n + min(o, n - 1), k);
}

void fragment_put(uint r, uint o, vec4 sums) {
    OutF32 to = OutF32(at(y, places[r], n));
    if (o < n) to.v[o] = silu(sums.x) * sums.z;
    if (o + 8 < n) to.v[o + 8] = silu(sums.y) * sums.w;
}
