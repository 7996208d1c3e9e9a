#version 460
#extension GL_GOOGLE_include_directive : require
// linear for many rows of activations kept as
// halves, for GPUs without matrix units.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 128 outputs of 64 rows.
//
// op: linear
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 128 64 1
// local: 128 exact
// spec:
// needs: gpu float16
// rows: 16 0
// requires: k%64
// f16: x
// precision: f16
#define TILE_M 64
#define TILE_N 128
#define THREADS 128
#define SPLIT_K 1
#define WARPS_M 1
#include "gemm/linear_args.glsl"
#include "act/tile_f16.glsl"
#include "gemm/linear_store.glsl"
#include "gemm/tile_fma.glsl"
#include "gemm/linear_main.glsl"
