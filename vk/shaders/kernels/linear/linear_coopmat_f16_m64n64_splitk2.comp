#version 460
#extension GL_GOOGLE_include_directive : require
// linear for many rows of activations kept as
// halves, by matrix units.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 64 outputs of 64
// rows, in two teams along k, so that enough is under way.
//
// op: linear
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 64 64 1
// local: 256 exact
// spec:
// needs: gpu shared48 coopmat subgroup32 float16
// rows: 33 0
// requires: k%128
// f16: x
// precision: f16
#define TILE_M 64
#define TILE_N 64
#define THREADS 128
#define SPLIT_K 2
#define WARPS_M 2
#include "gemm/linear_args.glsl"
#include "act/tile_f16.glsl"
#include "gemm/linear_store.glsl"
#include "gemm/tile_coopmat.glsl"
#include "gemm/linear_main.glsl"
