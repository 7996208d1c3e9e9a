#version 460
#extension GL_GOOGLE_include_directive : require
// linear for many rows of activations kept as halves, by matrix units, where
// there are enough outputs and rows for large tiles.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 128 outputs of 128 rows.
//
// op: linear
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 128 128 1
// local: 256 exact
// spec:
// needs: gpu shared48 coopmat subgroup32 float16
// rows: 65 0
// min_workgroups: 0.91 per_sm
// requires: k%64
// f16: x
// precision: f16
#define TILE_M 128
#define TILE_N 128
#define THREADS 256
#define SPLIT_K 1
#define WARPS_M 2
#include "gemm/linear_args.glsl"
#include "act/tile_f16.glsl"
#include "gemm/linear_store.glsl"
#include "gemm/tile_coopmat.glsl"
#include "gemm/linear_main.glsl"
