#version 460
#extension GL_GOOGLE_include_directive : require
// linear for some rows of activations kept as halves, by matrix units whose operands
// are store together in registers.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent, y {n, R}
// F32. One workgroup covers 32 outputs of all rows, eight rows at a time; each of
// its subgroups has 256 elements of k, whose weights it decodes once.
//
// op: linear
// types: Q4_K Q5_K Q6_K
// tile: 32 all 1
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 mma
// rows: 16 112
// requires: k%256 k<=2048 n<=8192
// f16: x
// precision: f16
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
layout(constant_id = 1) const uint K = 256;
const uint MMA_WARPS = 8, MATRICES = 2;
#include "mma/linear_mma.glsl"
