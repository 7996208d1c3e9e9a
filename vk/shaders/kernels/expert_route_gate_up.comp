#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm, top_k and expert_gate_up in one, for few rows on a GPU: every
// workgroup normalizes the row and every subgroup ranks the experts for itself,
// as soon as the logits are there, so that weights are on their way before x is.
//
//   h = norm * x[r] / sqrt(mean(x[r]^2) + eps)
//   p = softmax(logits[r]);  ids[r] = the top_k largest p, falling, ties by
//   lowest index;  weights[r][s] = scale * p[ids[r][s]] / (renormalize ? sum_s p : 1)
//   renormalize = 2: the logits still lack the factor of h, 1 / sqrt(...)
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
// early: logits
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

// puts tells whether this workgroup writes the row's choice.
bool puts() { return gl_WorkGroupID.x == 0 && gl_WorkGroupID.y == 0; }

// choose takes the experts out up to slot s, or all of them.
Route choose(uint r, uint s) {
    route_load(at(logits, r, EXPERTS));
    return route(puts() ? top_k : s + 1, puts() && renormalize == 0);
}

// put writes the choice, by one subgroup.
void put(uint r, Route c, float factor) {
    const float weight = route_weight(c, top_k, renormalize != 0, renormalize == 2 ? factor : 1, scale);
    if (gl_SubgroupInvocationID < top_k) {
        PutU32(at(ids, r, top_k)).v[gl_SubgroupInvocationID] = c.id;
        PutF32(at(weights, r, top_k)).v[gl_SubgroupInvocationID] = weight;
    }
}

// outputs computes the workgroup's outputs: row o of gate and of up together,
// two steps loaded ahead.
void outputs(uint r, uint s, Route c) {
    const uint64_t first = uint64_t(subgroupShuffle(c.id, s)) * n;
    const uint end = min(n, (gl_WorkGroupID.x + 1) * TILE);
    Place p = Place(gl_WorkGroupID.x * TILE + gl_SubgroupID, gl_SubgroupInvocationID), ahead = next(p);
    Pair a = load(first, p), b = load(first, ahead);
    ahead = next(ahead);
    sync_wait();
    norm_take(at(x, r, K), norm, row_ahead(at(x, r, K)));
    barrier();
    const float factor = norm_factor(eps);
    if (puts() && gl_SubgroupID == 0) put(r, c, factor);
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
    sync_early();
    if (r < step.v[STEP_ROWS]) outputs(r, s, choose(r, s));
    else sync_wait(); // who reports has waited for all before
    sync_done();
}
