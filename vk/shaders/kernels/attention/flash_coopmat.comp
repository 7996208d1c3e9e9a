#version 460
#extension GL_GOOGLE_include_directive : require
// Causal attention of many rows, by matrix units. A larger tile brings keys and values
// less often.
//
//   y[r][h] = sum_t softmax_t(scale * q[r][h] . k[t][g]) * v[t][g],
//   t = 0 .. position(r), g = h / (heads / kv_heads)
//
// q {d * heads, R} F32, y {d * heads, R} F32 or F16 (OUT_F16), k_cache, v_cache
// {d * kv_heads, positions} of the kernel's type. One workgroup covers TILE_M queries:
// TILE_M / n rows of the n heads of a kv head, or one head of TILE_M rows where n does
// not divide TILE_M. Queries, keys, values and weights are halves, sums are float32.
//
// op: attention
// spec: head_dim
// rows: 16 0
// requires: head_dim%32 head_dim<=128
// precision: f16
// instances: tile | local | needs | min_workgroups | f16 | TILE_M OUT_F16
//   flash_coopmat_m128:     1 128 1 | 512 exact | gpu shared48 coopmat subgroup32 float16 warps16 | 0.91 per_sm | - | 128 0
//   flash_coopmat_f16_m128: 1 128 1 | 512 exact | gpu shared48 coopmat subgroup32 float16 warps16 | 0.91 per_sm | y | 128 1
//   flash_coopmat_m64:      1 64 1  | 256 exact | gpu shared48 coopmat subgroup32 float16 warps8  | -           | - | 64 0
//   flash_coopmat_f16_m64:  1 64 1  | 256 exact | gpu shared48 coopmat subgroup32 float16 warps8  | -           | y | 64 1
#include "core/common.glsl"
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
layout(constant_id = 1) const uint D = 128;
#include "attention/flash_args.glsl"
#if OUT_F16
#include "attention/flash_store_f16.glsl"
#else
#include "attention/flash_store_f32.glsl"
#endif
const uint FLASH_ROWS = TILE_M;
#include "attention/flash_coopmat.glsl"
#include "attention/flash_coopmat_run.glsl"
#include "attention/flash_main.glsl"
