#version 460
#extension GL_GOOGLE_include_directive : require
// topk_sort of logits that router_absorbed made, for few rows on a GPU. The experts
// are chosen and listed while the rows that their factor is of are still computed.
//
//   p = softmax(logits[r] / sqrt(mean(x[r]^2) + eps)), then as topk_sort with norm 1
//
// logits {experts, R}, x {k, R}, ids {top_k, R} U32, weights {top_k, R}, groups U32
// laid out as graph.Groups says.
//
// op: topk_sort_absorbed
// types: F32
// tile: all all 1
// local: 8 subgroups
// spec: experts top_k tile
// needs: gpu warps8
// rows: 2 64
// requires: experts<=256 top_k<=8 k%4
// sync: counter
// signals: main side
// early: logits
#include "core/common.glsl"
#include "sync/sync.glsl"
layout(constant_id = 1) const uint EXPERTS = 1;
layout(constant_id = 2) const uint TOP_K = 1;
layout(constant_id = 3) const uint TILE = 64;
const uint ROWS = 64, WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
#include "moe/topk.glsl"
#include "core/subgroup_reduce.glsl"

#define PUSH_groups PutU32
#include "push.glsl"
#include "sync/sync_main.glsl"

#define TOP_K_WHOLE false
#include "moe/topk_sort.glsl"

shared float above[ROWS * CHOICES]; // a choice's logit less the row's largest

void top_k_softmax(uint r, Route c) {
    if (gl_SubgroupInvocationID < TOP_K) above[r * TOP_K + gl_SubgroupInvocationID] = c.logit - c.top;
}

// softmax finds a row's factor and its choices' weights.
void softmax(uint r) {
    const uint lane = gl_SubgroupInvocationID;
    float sum = 0;
    [[dont_unroll]] for (uint i = lane; i < k / 4; i += SUB) {
        const vec4 v = Act4(at(x, r, k)).v[i];
        sum += dot(v, v);
    }
    const float factor = inversesqrt(subgroup_sum(sum) / float(k) + eps);
    const float p = lane < TOP_K ? exp(factor * above[r * TOP_K + min(lane, TOP_K - 1)]) : 0;
    const float weight = p / subgroup_sum(p) * scale;
    if (lane < TOP_K) PutF32(weights).v[r * TOP_K + lane] = weight;
}

void main() {
    const uint rows = subgroup_uniform(min(step.v[STEP_ROWS], ROWS));
    list_clear();
    sync_early();
    list_choose(rows);
    sync_wait();
    list_write(rows);
    [[dont_unroll]] for (uint r = subgroup_uniform(gl_SubgroupID); r < rows; r += WARPS) softmax(r);
    sync_done_side();
}
