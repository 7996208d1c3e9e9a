#version 460
#extension GL_GOOGLE_include_directive : require
// linear for many rows: tiles of halves in shared memory, with sums in float32. Matrix
// units (COOPMAT) or packed multiplications multiply. Activations are float32, or halves
// already (ACT_F16).
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32 or F16, res {n, R} F32 or absent, y {n, R}
// F32. One workgroup covers TILE_N outputs of TILE_M rows. SPLIT_K teams of THREADS
// invocations share out k where there are few tiles.
//
// op: linear
// spec:
// precision: f16
// instances: tile | local | needs | rows | min_workgroups | requires | f16 | TILE_M TILE_N THREADS SPLIT_K WARPS_M ACT_F16 COOPMAT
//   linear_coopmat_f16_m128n128:       128 128 1 | 256 exact | gpu shared48 coopmat subgroup32 float16 | 65 0  | 0.91 per_sm | k%64  | x | 128 128 256 1 2 1 1
//   linear_coopmat_f16_m64n128:        128 64 1  | 128 exact | gpu shared48 coopmat subgroup32 float16 | 16 0  | 0.91 per_sm | k%64  | x | 64 128 128 1 1 1 1
//   linear_coopmat_f16_m64n64_splitk2: 64 64 1   | 256 exact | gpu shared48 coopmat subgroup32 float16 | 33 0  | -           | k%128 | x | 64 64 128 2 2 1 1
//   linear_coopmat_f16_m32n32:         32 32 1   | 128 exact | gpu shared48 coopmat subgroup32 float16 | 16 32 | -           | k%256 | x | 32 32 32 4 1 1 1
//   linear_coopmat_m64n128:            128 64 1  | 128 exact | gpu coopmat subgroup32 float16          | 16 0  | -           | k%64  | - | 64 128 128 1 1 0 1
//   linear_fma_f16_m64n128:            128 64 1  | 128 exact | gpu float16                             | 16 0  | -           | k%64  | x | 64 128 128 1 1 1 0
//   linear_fma_m64n128:                128 64 1  | 128 exact | gpu float16                             | 16 0  | -           | k%64  | - | 64 128 128 1 1 0 0
#include "gemm/linear_args.glsl"
#if ACT_F16
#include "act/tile_f16.glsl"
#else
#include "act/tile_f32.glsl"
#endif
#include "gemm/linear_store.glsl"
#if COOPMAT
#include "gemm/tile_coopmat.glsl"
#else
#include "gemm/tile_fma.glsl"
#endif
#include "gemm/linear_main.glsl"
