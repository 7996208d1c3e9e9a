#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of the experts, with the rows that chose them, kept as
// halves, by matrix units,
// for experts with many rows.
//
//   y[p][o] = silu(gate[e(p)][o] . x[p / share]) * (up[e(p)][o] . x[p / share])
//   for every assignment p
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows} F16, groups as
// moe_sort leaves it, y {n, top_k, R} F32. One workgroup covers 64 outputs
// of two tiles of assignments: half of its weight rows are gate's, half up's.
//
// op: grouped_gemm_swiglu
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 64 1 1
// local: 256 exact
// spec:
// needs: gpu shared48 coopmat subgroup32 float16
// rows: 1024 0
// requires: k%64
// f16: x
// precision: f16
#define TILE_M 128
#define TILE_N 128
#define THREADS 256
#define SPLIT_K 1
#define WARPS_M 2
#include "moe/grouped_swiglu_args.glsl"
#include "act/tile_f16.glsl"
#include "moe/grouped_swiglu_store.glsl"
#include "gemm/tile_coopmat.glsl"
#include "moe/grouped_swiglu_main.glsl"
