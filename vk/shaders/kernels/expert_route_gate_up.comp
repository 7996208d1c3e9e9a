#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm, top_k and expert_gate_up in one, for few rows on a GPU: every
// workgroup normalizes the row and ranks the experts for itself.
//
//   h = norm * x[r] / sqrt(mean(x[r]^2) + eps)
//   p = softmax(logits[r]);  ids[r] = the top_k largest p, falling, ties by
//   lowest index;  weights[r][s] = scale * p[ids[r][s]] / (renormalize ? sum_s p : 1)
//   y[r][s][o] = silu(gate[e][o] . h) * (up[e][o] . h),  e = ids[r][s]
//
// x {k, R}, norm {k}, logits {experts, R} F32, gate, up {k, n, experts} of the
// kernel's type, ids {top_k, R} U32, weights {top_k, R}, y {n, top_k, R} F32.
// One workgroup covers 24 outputs of one slot and row. A NaN among the logits
// counts as the lowest value.
//
// op: expert_route_gate_up
// types: Q4_K Q5_K Q6_K
// tile: 24 1 1
// local: 256
// spec: k experts
// needs: gpu dot
// rows: 1 8
// when: k%256 k<=8192 experts<=256 top_k<=16
// precision: q16 q8
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint EXPERTS = 1;
const uint FIXED = K, TILE = 24;
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

// outputs computes the workgroup's outputs: row o of gate and of up together.
void outputs(uint r, uint s, uint64_t g, uint64_t u, float factor, Pair next) {
    const uint end = min(n, (gl_WorkGroupID.x + 1) * TILE);
    for (uint o = gl_WorkGroupID.x * TILE + gl_SubgroupID; o < end; o += gl_NumSubgroups) {
        vec2 sum = vec2(0);
        for (uint i = gl_SubgroupInvocationID; i - gl_SubgroupInvocationID < UNITS; i += gl_SubgroupSize) {
            const Pair now = next;
            const bool ends = i - gl_SubgroupInvocationID + gl_SubgroupSize >= UNITS;
            const uint no = min(ends ? o + gl_NumSubgroups : o, n - 1), ni = ends ? gl_SubgroupInvocationID : i + gl_SubgroupSize;
            next = pair_load(weight_row(g, no, K), weight_row(u, no, K), ni);
            sum += pair_dot(now, i);
        }
        sum = factor * subgroupAdd(sum);
        if (gl_SubgroupInvocationID == 0) PutF32(at(y, r * top_k + s, n)).v[o] = silu(sum.x) * sum.y;
    }
}

void main() {
    const uint s = gl_WorkGroupID.y, r = gl_WorkGroupID.z;
    sync_wait();
    if (r < step.v[STEP_ROWS]) {
        const Ahead row = row_ahead(at(x, r, K));
        route_take(at(logits, r, EXPERTS));
        barrier();
        route_rank();
        barrier();
        route_choose(top_k);
        barrier();
        const uint64_t first = uint64_t(route_ids[s]) * n;
        const uint64_t g = weight_row(gate, first, K), u = weight_row(up, first, K);
        const uint o = min(gl_WorkGroupID.x * TILE + gl_SubgroupID, n - 1);
        const Pair begin = pair_load(weight_row(g, o, K), weight_row(u, o, K), gl_SubgroupInvocationID);
        norm_take(at(x, r, K), norm, row);
        if (gl_WorkGroupID.x == 0 && s == 0) route_put(at(ids, r, top_k), at(weights, r, top_k), top_k, renormalize != 0, scale);
        barrier();
        outputs(r, s, g, u, norm_factor(eps), begin);
    }
    sync_done();
}
