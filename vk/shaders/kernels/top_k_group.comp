#version 460
#extension GL_GOOGLE_include_directive : require
// top_k and expert_group in one, for few rows on a GPU: one workgroup, whose
// subgroups take a row each in turn.
//
//   p = softmax(logits[r]);  ids[r] = the top_k largest p, falling, ties by
//   lowest index;  weights[r][s] = scale * p[ids[r][s]] / (norm ? sum_s p : 1)
//   list = places row * top_k + slot, ordered by (ids[place], place)
//   tiles = each expert's part of the list cut into tiles of at most tile places
//
// logits {experts, R}, ids {top_k, R} U32, weights {top_k, R}, groups U32 laid
// out as graph/groups.go has it. A row has an expert once, so an expert's places
// are a bit for each of its rows, and a place's rank is the number of bits below
// its own. A NaN among the logits counts as the lowest value.
//
// op: top_k_group
// types: F32
// tile: all all 1
// local: 8 subgroups
// spec: experts top_k tile
// needs: gpu warps8
// rows: 2 64
// when: experts<=256 top_k<=8
// sync: counter aside
#include "common.glsl"
#include "sync.glsl"
layout(constant_id = 1) const uint EXPERTS = 1;
layout(constant_id = 2) const uint TOP_K = 1;
layout(constant_id = 3) const uint TILE = 64;
const uint WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
#include "route.glsl"

#define PUSH_groups PutU32
#include "push.glsl"
#include "sync_main.glsl"

#define TOP_K_WHOLE (norm == 0)
#include "top_k_group.glsl"

void top_k_weigh(uint r, Route c) {
    const float weight = route_weight(c, TOP_K, norm != 0, 1, scale);
    if (gl_SubgroupInvocationID < TOP_K) PutF32(weights).v[r * TOP_K + gl_SubgroupInvocationID] = weight;
}

void main() {
    const uint rows = same(min(step.v[STEP_ROWS], ROWS));
    list_clear();
    sync_wait();
    list_choose(rows);
    list_write(rows);
    sync_done_aside();
}
