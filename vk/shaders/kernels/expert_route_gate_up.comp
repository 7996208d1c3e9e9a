#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm, top_k and expert_gate_up in one, for few rows on a GPU: every
// workgroup normalizes the row, as soon as it is there, and every subgroup ranks
// the experts for itself.
//
//   h = norm * x[r] / sqrt(mean(x[r]^2) + eps)
//   p = softmax(logits[r]);  ids[r] = the top_k largest p, falling, ties by
//   lowest index;  weights[r][s] = scale * p[ids[r][s]] / (renormalize ? sum_s p : 1)
//   y[r][s][o] = silu(gate[e][o] . h) * (up[e][o] . h),  e = ids[r][s]
//
// x {k, R}, norm {k}, logits {experts, R} F32, gate, up {k, n, experts} of the
// kernel's type, ids {top_k, R} U32, weights {top_k, R}, y {n, top_k, R} F32.
// One workgroup covers 48 outputs of one slot and row. A NaN among the logits
// counts as the lowest value.
//
// op: expert_route_gate_up
// types: Q4_K Q5_K Q6_K
// tile: 48 1 1
// local: 8 subgroups
// spec: k experts
// needs: gpu dot warps8
// rows: 1 1
// when: k%256 k<=8192 experts<=256 top_k<=8
// precision: q16 q8
// sync: counter
// early: x
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint EXPERTS = 1;
const uint FIXED = K, TILE = 48, WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
#include "fixed.glsl"
#include "dot_unit.glsl"
#include "rows_dot.glsl"
#include "norm_take.glsl"
#include "route.glsl"

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t logits; uint64_t gate; uint64_t up; uint64_t ids; uint64_t weights; uint64_t y;
    uint k; uint n; uint experts; uint top_k; uint renormalize; float eps; float scale;
};
#include "sync_main.glsl"
#include "product.glsl"
#include "silu.glsl"

// A subgroup's way: unit u of output o and what follows.
struct Place { uint o, u; };

Place next(Place p) {
    return p.u - gl_SubgroupInvocationID + SUB < UNITS ? Place(p.o, p.u + SUB) : Place(p.o + WARPS, gl_SubgroupInvocationID);
}

Pair load(uint64_t first, Place p) {
    const uint64_t row = first + min(p.o, n - 1);
    return pair_load(weight_row(gate, row, K), weight_row(up, row, K), p.u);
}

// choose returns the expert of slot s, and, in one workgroup a row, writes all.
uint choose(uint r, uint s) {
    const bool puts = gl_WorkGroupID.x == 0 && s == 0;
    const Route c = route(puts ? top_k : s + 1, puts && renormalize == 0);
    if (puts && gl_SubgroupID == 0) {
        const float weight = route_weight(c, top_k, renormalize != 0, scale);
        if (gl_SubgroupInvocationID < top_k) {
            PutU32(at(ids, r, top_k)).v[gl_SubgroupInvocationID] = c.id;
            PutF32(at(weights, r, top_k)).v[gl_SubgroupInvocationID] = weight;
        }
    }
    return subgroupShuffle(c.id, s);
}

// outputs computes the workgroup's outputs: row o of gate and of up together,
// two steps loaded ahead.
void outputs(uint64_t first, uint r, uint s) {
    const uint end = min(n, (gl_WorkGroupID.x + 1) * TILE);
    Place p = Place(gl_WorkGroupID.x * TILE + gl_SubgroupID, gl_SubgroupInvocationID), ahead = next(p);
    Pair a = load(first, p), b = load(first, ahead);
    ahead = next(ahead);
    barrier();
    const float factor = norm_factor(eps);
    vec2 sum = vec2(0);
    while (p.o < end) {
        const Pair now = a;
        a = b;
        if (ahead.o < end) b = load(first, ahead);
        ahead = next(ahead);
        sum += pair_dot(now, p.u);
        const Place then = next(p);
        if (then.o != p.o) {
            sum = factor * subgroupAdd(sum);
            if (gl_SubgroupInvocationID == 0) PutF32(at(y, r * top_k + s, n)).v[p.o] = silu(sum.x) * sum.y;
            sum = vec2(0);
        }
        p = then;
    }
}

void main() {
    const uint s = gl_WorkGroupID.y, r = gl_WorkGroupID.z;
    const bool wanted = r < step.v[STEP_ROWS];
    sync_early();
    if (wanted) norm_take(at(x, r, K), norm, row_ahead(at(x, r, K)));
    sync_wait();
    if (wanted) {
        route_load(at(logits, r, EXPERTS));
        outputs(uint64_t(choose(r, s)) * n, r, s);
    }
    sync_done();
}
