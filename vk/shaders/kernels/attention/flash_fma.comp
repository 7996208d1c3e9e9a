#version 460
#extension GL_GOOGLE_include_directive : require
// Causal attention of many rows, for GPUs without matrix units: halves in shared memory.
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
// tile: 1 64 1
// local: 128 exact
// spec: head_dim
// needs: gpu float16
// rows: 16 0
// requires: head_dim%32 head_dim<=128
// precision: f16
// instances: f16 | TILE_M OUT_F16
//   flash_fma:     - | 64 0
//   flash_fma_f16: y | 64 1
#include "core/common.glsl"
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
layout(constant_id = 1) const uint D = 128;
const uint FLASH_TILE = 32;
#include "attention/flash_args.glsl"
#include "attention/flash.glsl"
#if OUT_F16
#include "attention/flash_store_f16.glsl"
#else
#include "attention/flash_store_f32.glsl"
#endif
#include "attention/flash_fma.glsl"
#include "attention/flash_run.glsl"
#include "attention/flash_main.glsl"
