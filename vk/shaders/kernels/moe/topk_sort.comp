#version 460
#extension GL_GOOGLE_include_directive : require
// top_k and moe_sort in one, for few rows on a GPU: one workgroup, whose
// subgroups take a row each in turn.
//
//   p = softmax(logits[r]);  ids[r] = the top_k largest p, falling, ties by
//   lowest index;  weights[r][s] = scale * p[ids[r][s]] / (norm ? sum_s p : 1)
//   list = assignments row * top_k + choice, ordered by (ids[assignment], assignment)
//   tiles = each expert's part of the list cut into tiles of at most tile assignments
//
// logits {experts, R}, ids {top_k, R} U32, weights {top_k, R}, groups U32 laid
// out as graph.Groups says. A row has an expert once, so an expert's assignments
// are a bit for each of its rows, and a assignment's rank is the number of bits below
// its own. A NaN among the logits counts as the lowest value.
//
// op: topk_sort
// types: F32
// tile: all all 1
// local: 8 subgroups
// spec: experts top_k tile
// needs: gpu warps8
// rows: 2 64
// requires: experts<=256 top_k<=8
// sync: counter
// signals: main side
#include "core/common.glsl"
#include "sync/sync.glsl"
layout(constant_id = 1) const uint EXPERTS = 1;
layout(constant_id = 2) const uint TOP_K = 1;
layout(constant_id = 3) const uint TILE = 64;
const uint ROWS = 64, WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
#include "moe/topk.glsl"

#define PUSH_groups PutU32
#include "push.glsl"
#include "sync/sync_main.glsl"

#define TOP_K_WHOLE (norm == 0)
#include "moe/topk_sort.glsl"

void top_k_softmax(uint r, Route c) {
    const float weight = route_weight(c, TOP_K, norm != 0, 1, scale);
    if (gl_SubgroupInvocationID < TOP_K) PutF32(weights).v[r * TOP_K + gl_SubgroupInvocationID] = weight;
}

void main() {
    const uint rows = subgroup_uniform(min(step.v[STEP_ROWS], ROWS));
    list_clear();
    sync_wait();
    list_choose(rows);
    list_write(rows);
    sync_done_side();
}
