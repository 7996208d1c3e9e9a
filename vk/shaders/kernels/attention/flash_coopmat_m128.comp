#version 460
#extension GL_GOOGLE_include_directive : require
// Causal attention of many rows, by matrix units, in large tiles: keys and
// values are brought half as often.
//
//   y[r][h] = sum_t softmax_t(scale * q[r][h] . k[t][g]) * v[t][g],
//   t = 0 .. position(r), g = h / (heads / kv_heads)
//
// q, y {d * heads, R} F32, k_cache, v_cache {d * kv_heads, positions} of the
// kernel's type. One workgroup covers 128 queries: 128 / n rows of the n heads of a
// kv head, or one head of 128 rows where n does not divide 128. Queries, keys,
// values and weights are halves, sums floats.
//
// op: attention
// types: F16 Q8_0
// tile: 1 128 1
// local: 512 exact
// spec: head_dim
// needs: gpu shared48 coopmat subgroup32 float16 warps16
// rows: 16 0
// min_workgroups: 0.91 per_sm
// requires: head_dim%32 head_dim<=128
// precision: f16
#include "core/common.glsl"
layout(constant_id = 1) const uint D = 128;
#include "attention/flash_args.glsl"
#include "attention/flash_store_f32.glsl"
const uint FLASH_ROWS = 128;
#include "attention/flash_coopmat.glsl"
#include "attention/flash_coopmat_run.glsl"
#include "attention/flash_main.glsl"
