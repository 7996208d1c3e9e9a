#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of the experts with the rows that chose them, which are halves:
// tiles in shared memory, with sums in float32. Matrix units (COOPMAT) or packed
// multiplications multiply.
//
//   y[p][o] = silu(gate[e(p)][o] . x[p / share]) * (up[e(p)][o] . x[p / share])
//   for every assignment p
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows} F16, groups as moe_sort
// leaves it, y {n, top_k, R} F32. One workgroup covers TILE_N / 2 outputs of one tile of
// assignments; of two tiles where TILE_M is 128. Half of its weight rows are gate's,
// half are up's.
//
// op: grouped_gemm_swiglu
// tile: 64 1 1
// spec:
// requires: k%64
// f16: x
// precision: f16
// instances: local | needs | rows | TILE_M TILE_N THREADS SPLIT_K WARPS_M ACT_F16 COOPMAT
//   grouped_gemm_swiglu_coopmat_f16:         128 exact | gpu coopmat subgroup32 float16          | -      | 64 128 128 1 1 1 1
//   grouped_gemm_swiglu_coopmat_f16_b16_128: 128 exact | gpu coopmat subgroup32 float16          | 16 128 | 16 128 128 1 1 1 1
//   grouped_gemm_swiglu_coopmat_f16_m128:    256 exact | gpu shared48 coopmat subgroup32 float16 | 1024 0 | 128 128 256 1 2 1 1
//   grouped_gemm_swiglu_fma_f16:             128 exact | gpu float16                             | -      | 64 128 128 1 1 1 0
#include "moe/grouped_swiglu_args.glsl"
#if ACT_F16
#include "act/tile_f16.glsl"
#else
#include "act/tile_f32.glsl"
#endif
#include "moe/grouped_swiglu_store.glsl"
#if COOPMAT
#include "gemm/tile_coopmat.glsl"
#else
#include "gemm/tile_fma.glsl"
#endif
#include "moe/grouped_swiglu_main.glsl"
