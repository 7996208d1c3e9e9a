#version 460
#extension GL_GOOGLE_include_directive : require
// Causal attention of some rows, by matrix units, that waits for the dispatch before
// by itself.
//
//   y[r][h] = sum_t softmax_t(scale * q[r][h] . k[t][g]) * v[t][g],
//   t = 0 .. position(r), g = h / (heads / kv_heads)
//
// q {d * heads, R} F32, y of halves, k_cache, v_cache {d * kv_heads, positions} of the
// kernel's type. One workgroup covers 8 queries: 8 / n rows of the n heads
// of a kv head, or one head of 8 rows where n does not divide 8. Queries, keys,
// values and weights are halves, sums floats.
//
// op: attention
// types: F16
// tile: 1 8 1
// local: 128 exact
// spec: head_dim heads kv_heads page_size
// needs: gpu shared48 warps8 coopmat subgroup32 float16
// rows: 16 128
// requires: head_dim%32 head_dim<=128 page_size%16
// f16: y
// precision: f16
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "core/subgroup_uniform.glsl"
#define FLASH_FLOATS Act4
#define FLASH_HALF8 half8
#define FLASH_ACCESS coherent
#define FLASH_QUERIES 8
#define FLASH_UNIFORM(v) subgroup_uniform(v)
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
layout(constant_id = 1) const uint D = 128;
layout(constant_id = 2) const uint HEADS = 8;
layout(constant_id = 3) const uint KV_HEADS = 1;
layout(constant_id = 4) const uint PAGE = 64;
#include "attention/flash_args.glsl"
#define heads HEADS
#define kv_heads KV_HEADS
#define page_size PAGE
#include "sync/sync_main.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent readonly buffer Cache { uvec4 v[]; };
uvec4 half8(uint64_t row, uint i) { return Cache(row).v[i >> 3]; } // the newest rows come from the dispatch before
#include "attention/flash_store_f16.glsl"
#include "attention/flash_m16.glsl"
#include "attention/flash_m16_run.glsl"

void main() {
    sync_wait();
    m16_main();
    sync_done();
}
