#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the rows that chose them, by matrix units.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every assignment p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// moe_sort leaves it, y {n, top_k, R} F32. One workgroup covers 128 outputs
// of one tile of assignments.
//
// op: grouped_gemm
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 128 1 1
// local: 256 exact
// spec:
// needs: gpu coopmat subgroup32 float16
// requires: k%64
// precision: f16
#define TILE_M 64
#define TILE_N 128
#define THREADS 256
#define SPLIT_K 1
#define WARPS_M 1
#include "moe/grouped_gemm_args.glsl"
#include "act/tile_f32.glsl"
#include "moe/grouped_gemm_store.glsl"
#include "gemm/tile_coopmat.glsl"
#include "moe/grouped_gemm_main.glsl"
