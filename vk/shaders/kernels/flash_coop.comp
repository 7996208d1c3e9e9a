#version 460
#extension GL_GOOGLE_include_directive : require
// Causal attention of many rows, by matrix units.
//
//   y[r][h] = sum_t softmax_t(scale * q[r][h] . k[t][g]) * v[t][g],
//   t = 0 .. position(r), g = h / (heads / kv_heads)
//
// q, y {d * heads, R} F32, k_cache, v_cache {d * kv_heads, positions} of the
// kernel's type. One workgroup covers one head of 64 rows; the heads of a kv
// head are neighbours and find its keys and values in the cache. Queries, keys,
// values and weights are halves, sums floats.
//
// op: attention
// types: F16 Q8_0
// tile: 1 64 1
// local: 128 exact
// spec: head_dim
// needs: gpu coopmat subgroup32 float16
// rows: 16 0
// when: head_dim%32 head_dim<=128
// precision: f16
#include "common.glsl"
layout(constant_id = 1) const uint D = 128;
const uint FLASH_TILE = 64;
const float head[1] = float[1](0); // kv.glsl stores from here; this kernel does not
#include "kv.glsl"
#include "kv_halves.glsl"
#include "cache.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t q; uint64_t k_cache; uint64_t v_cache; uint64_t y;
    uint heads; uint kv_heads; uint head_dim; uint page_size; float scale;
};
#include "flash.glsl"

void put(uint row, uint i, float v) {
    OutF32(at(y, gl_WorkGroupID.y * FLASH_ROWS + row, heads * D)).v[gl_WorkGroupID.x * D + i] = v;
}

#include "flash_coop.glsl"
#include "flash_run.glsl"

void main() {
    const uint h = gl_WorkGroupID.x, first_row = gl_WorkGroupID.y * FLASH_ROWS, active_rows = step.v[STEP_ROWS];
    if (first_row >= active_rows) return;
    const uint rows = min(FLASH_ROWS, active_rows - first_row);
    flash_queries(at(q, first_row + min(flash_row(), rows - 1), heads * D) + h * D * 4);
    flash_rows(first_row, rows, h / (heads / kv_heads) * D);
    flash_out(rows);
}
