#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the rows that chose them: tiles of halves in shared
// memory, with sums in float32. Matrix units (COOPMAT) or packed multiplications multiply.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every assignment p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as moe_sort leaves it,
// y {n, top_k, R} F32. One workgroup covers TILE_N outputs of one tile of assignments;
// of two tiles where TILE_M is 128.
//
// op: grouped_gemm
// tile: 128 1 1
// spec:
// requires: k%64
// precision: f16
// instances: local | needs | rows | TILE_M TILE_N THREADS SPLIT_K WARPS_M ACT_F16 COOPMAT
//   grouped_gemm_coopmat:         256 exact | gpu coopmat subgroup32 float16          | -      | 64 128 256 1 1 0 1
//   grouped_gemm_coopmat_b16_128: 128 exact | gpu coopmat subgroup32 float16          | 16 128 | 16 128 128 1 1 0 1
//   grouped_gemm_coopmat_m128:    256 exact | gpu shared48 coopmat subgroup32 float16 | 1024 0 | 128 128 256 1 2 0 1
//   grouped_gemm_fma:             128 exact | gpu float16                             | -      | 64 128 128 1 1 0 0
#include "moe/grouped_gemm_args.glsl"
#if ACT_F16
#include "act/tile_f16.glsl"
#else
#include "act/tile_f32.glsl"
#endif
#include "moe/grouped_gemm_store.glsl"
#if COOPMAT
#include "gemm/tile_coopmat.glsl"
#else
#include "gemm/tile_fma.glsl"
#endif
#include "moe/grouped_gemm_main.glsl"
