#version 460
#extension GL_GOOGLE_include_directive : require
// Causal attention of many rows, by matrix units.
//
//   y[r][h] = sum_t softmax_t(scale * q[r][h] . k[t][g]) * v[t][g],
//   t = 0 .. position(r), g = h / (heads / kv_heads)
//
// q {d * heads, R} F32, y of halves, k_cache, v_cache {d * kv_heads, positions} of the
// kernel's type. One workgroup covers 64 queries: 64 / n rows of the n heads of a
// kv head, or one head of 64 rows where n does not divide 64. Queries, keys,
// values and weights are halves, sums floats.
//
// op: attention
// types: F16 Q8_0
// tile: 1 64 1
// local: 256 exact
// spec: head_dim
// needs: gpu shared48 coopmat subgroup32 float16 warps8
// rows: 16 0
// requires: head_dim%32 head_dim<=128
// f16: y
// precision: f16
#include "core/common.glsl"
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
layout(constant_id = 1) const uint D = 128;
#include "attention/flash_args.glsl"
#include "attention/flash_store_f16.glsl"
const uint FLASH_ROWS = 64;
#include "attention/flash_coopmat.glsl"
#include "attention/flash_coopmat_run.glsl"
#include "attention/flash_main.glsl"
