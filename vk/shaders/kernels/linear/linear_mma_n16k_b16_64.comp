#version 460
#extension GL_GOOGLE_include_directive : require
// linear for some rows of activations kept as halves and many outputs, by matrix
// units whose operands are put together in registers.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent, y {n, R}
// F32. The workgroups share out the outputs, sixteen at a time.
//
// op: linear
// tile: 16 all 1
// max_workgroups: 1 per_sm
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 mma
// rows: 16 64
// requires: k%256 k<=2048 n>=16384
// f16: x
// precision: f16
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
layout(constant_id = 1) const uint K = 256;
const uint MMA_WARPS = 8, MMA_BLOCKS = K / 256, MATRICES = 4, SUMS_ROUNDS = 2;

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "mma/mma_load.glsl"
#include "mma/mma_f16.glsl"
#include "mma/mma_sums.glsl"
#include "mma/mma_walk.glsl"

void walk_prefetch() {}
vec2 walk_fetch(uint r0, uint rows, uint block, out uvec4 v[8]) {
    f16_load(x, r0 + min(lane_g(), rows - 1), block, v);
    return vec2(1);
}
void walk_store(uint r, uint o, float sum) {
    PutF32(at(y, r, n)).v[o] = sum + (res != 0 ? Act(at(res, r, n)).v[o] : 0.0);
}
