#version 460
#extension GL_GOOGLE_include_directive : require
// linear for some rows of halves, by matrix units whose operands are put together in
// registers.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent, y {n, R} F32.
// One workgroup covers TILE_N outputs of all rows, eight rows at a time. Each of its
// WARPS subgroups has 256 elements of k and decodes their weights once.
//
// op: linear
// spec: k
// rows: 16 112
// f16: x
// precision: f16
// sync: counter
// instances: tile | local | needs | requires | TILE_N WARPS
//   linear_mma_b16_112:       32 all 1 | 8 subgroups  | gpu shared48 warps8 coopmat subgroup32 float16 mma  | k%256 k<=2048 n<=8192 | 32 8
//   linear_mma_k4096_b16_112: 16 all 1 | 16 subgroups | gpu shared48 warps16 coopmat subgroup32 float16 mma | k%256 k<=4096 n<=8192 | 16 16
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
layout(constant_id = 1) const uint K = 256;
const uint MMA_WARPS = WARPS, MATRICES = TILE_N / 16;
#include "mma/linear_mma.glsl"
