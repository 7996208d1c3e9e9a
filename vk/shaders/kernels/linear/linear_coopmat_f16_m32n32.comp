#version 460
#extension GL_GOOGLE_include_directive : require
// linear for some rows of activations kept as
// halves, by matrix units.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 32 outputs of 32
// rows, in four teams along k, so that enough is under way.
//
// op: linear
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 32 32 1
// local: 128 exact
// spec:
// needs: gpu shared48 coopmat subgroup32 float16
// rows: 16 32
// requires: k%256
// f16: x
// precision: f16
#define TILE_M 32
#define TILE_N 32
#define THREADS 32
#define SPLIT_K 4
#define WARPS_M 1
#include "gemm/linear_args.glsl"
#include "act/tile_f16.glsl"
#include "gemm/linear_store.glsl"
#include "gemm/tile_coopmat.glsl"
#include "gemm/linear_main.glsl"
