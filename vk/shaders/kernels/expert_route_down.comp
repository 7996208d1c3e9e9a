#version 460
#extension GL_GOOGLE_include_directive : require
// top_k and expert_down in one, with packed integer dot products, for few rows
// on a GPU: every workgroup ranks the experts for itself, so that their weights
// are on their way before the activations are there.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * sum_i w[ids[s]][o][i] * h[r][s][i],
//   ids from logits[r] as in expert_route_gate_up.comp
//
// w {k, n, experts} of the kernel's type, h {k, top_k, R}, logits {experts, R},
// weights {top_k, R} F32, res {n, R} F32 or absent, y {n, R} F32. One workgroup covers 16 outputs of
// one row, a subgroup one: its invocations share out the units of all slots.
//
// op: expert_route_down
// types: Q4_K Q5_K Q6_K
// tile: 16 1 1
// local: 16 subgroups
// spec: k experts top_k
// needs: gpu dot warps16
// rows: 1 1
// when: k%256 k<=1024 experts<=256 top_k<=8
// precision: q16 q8
// sync: counter
// early: logits res
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint EXPERTS = 1;
layout(constant_id = 3) const uint TOP_K = 1;
const uint FIXED = K * TOP_K, TILE = 16, AHEAD = 3, WARPS = 16, SUB = gl_WorkGroupSize.x / WARPS, ROW_UNITS = K / 64;
#include "fixed.glsl"
#include "fixed_take.glsl"
#include "dot_unit.glsl"
#include "route.glsl"

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t w; uint64_t h; uint64_t logits; uint64_t weights; uint64_t res; uint64_t y;
    uint k; uint n; uint experts; uint top_k;
};
#include "sync_main.glsl"
#include "product.glsl"

shared uint slot_expert[TOP_K];
shared float slot_weight[TOP_K];

// A round of an output's units.
struct Round { Unit units[AHEAD]; };

Round load(uint o, uint i) {
    Round t;
    [[unroll]] for (uint j = 0; j < AHEAD; j++) {
        const uint u = min(i + j * SUB, UNITS - 1), slot = u / ROW_UNITS;
        t.units[j] = unit_load(weight_row(w, uint64_t(slot_expert[slot]) * n + min(o, n - 1), K), u % ROW_UNITS);
    }
    return t;
}

float product(Round t, uint i) {
    float sum = 0;
    [[unroll]] for (uint j = 0; j < AHEAD; j++) {
        const uint u = i + j * SUB;
        if (u < UNITS) sum += slot_weight[u / ROW_UNITS] * unit_dot(t.units[j], u % ROW_UNITS, u);
    }
    return sum;
}

// choose leaves the slots' experts in shared memory.
void choose(uint r) {
    if (gl_SubgroupID == 0) {
        route_load(at(logits, r, EXPERTS));
        const Route c = route(TOP_K, false);
        if (gl_SubgroupInvocationID < TOP_K) slot_expert[gl_SubgroupInvocationID] = c.id;
    }
    barrier();
}

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_SubgroupInvocationID, o = gl_WorkGroupID.x * TILE + gl_SubgroupID;
    const bool wanted = r < step.v[STEP_ROWS];
    float plus = 0;
    Round t;
    sync_early();
    if (wanted) {
        choose(r);
        t = load(o, lane);
        if (res != 0 && lane == 0) plus = Act(at(res, r, n)).v[min(o, n - 1)];
    }
    sync_wait();
    if (wanted) {
        if (gl_LocalInvocationIndex < TOP_K) slot_weight[gl_LocalInvocationIndex] = Act(at(weights, r, TOP_K)).v[gl_LocalInvocationIndex];
        fixed_take(at(h, r, FIXED), fixed_ahead(at(h, r, FIXED), 0));
        barrier();
        float sum = product(t, lane);
        for (uint i = AHEAD * SUB; i < UNITS; i += AHEAD * SUB) {
            t = load(o, i + lane);
            sum += product(t, i + lane);
        }
        sum = subgroupAdd(sum);
        if (lane == 0 && o < n) PutF32(at(y, r, n)).v[o] = sum + plus;
    }
    sync_done();
}
