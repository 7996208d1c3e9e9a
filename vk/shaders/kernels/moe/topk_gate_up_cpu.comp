#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm, top_k and expert_gate_up in one, for devices that are a CPU: every
// workgroup normalizes the row and ranks the experts for itself.
//
//   h = norm * x[r] / sqrt(mean(x[r]^2) + eps)
//   p = softmax(logits[r]);  ids[r] = the top_k largest p, falling, ties by
//   lowest index;  weights[r][s] = scale * p[ids[r][s]] / (renormalize ? sum_s p : 1)
//   y[r][s][o] = silu(gate[e][o] . h) * (up[e][o] . h),  e = ids[r][s]
//
// x {k, R}, norm {k}, logits {experts, R} F32, gate, up {k, n, experts} of the
// kernel's type, ids {top_k, R} U32, weights {top_k, R}, y {n, top_k, R} F32.
// One workgroup covers 32 outputs of one choice and row. A NaN among the logits
// counts as the lowest value.
//
// op: topk_gate_up
// tile: 32 1 1
// local: 1 subgroups
// spec: experts
// needs: cpu subgroup8
// rows: 1 8
// requires: k%256 experts<=256 top_k<=16 renormalize<=1
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "gemv/lanes.glsl"
#include "lane.glsl"
#include "gemv/lane_rows.glsl"
#include "moe/silu.glsl"
layout(constant_id = 1) const uint EXPERTS = 1;
#include "moe/lane_topk.glsl"

#include "push.glsl"

// route returns the expert of choice s; puts tells whether the choice is written.
uint route(uint r, uint s, bool puts) {
    const uvec2 choices = gl_SubgroupInvocationID + uvec2(0, LANES);
    uvec2 chosen = uvec2(0);
    vec2 p = vec2(0);
    float top = 0, sum = 0;
    uint mine = 0;
    lane_logits(at(logits, r, EXPERTS));
    for (uint i = 0; i < (puts ? top_k : s + 1); i++) {
        uint e, key;
        lane_take_out(e, key);
        if (i == 0) top = lane_value(key);
        if (i == 0) sum = 1.0 + lane_sum_rest(top);
        mine = i == s ? e : mine;
        chosen = mix(chosen, uvec2(e), equal(choices, uvec2(i)));
        p = mix(p, vec2(exp(lane_value(key) - top)), equal(choices, uvec2(i)));
    }
    if (!puts) return mine;
    if (renormalize != 0) sum = lanes_add(p.x + p.y);
    [[unroll]] for (uint i = 0; i < 2; i++) {
        if (choices[i] >= top_k) break;
        OutU32(at(ids, r, top_k)).v[choices[i]] = chosen[i];
        OutF32(at(weights, r, top_k)).v[choices[i]] = p[i] / sum * scale;
    }
    return mine;
}

void main() {
    const uint s = gl_WorkGroupID.y, r = gl_WorkGroupID.z, first = gl_WorkGroupID.x * LANE_OUTS;
    if (r >= step.v[STEP_ROWS]) return;
    const uint64_t expert = uint64_t(route(r, s, gl_WorkGroupID.x == 0 && s == 0)) * n;
    vec4 g = vec4(0), u = vec4(0);
    float squares = 0;
    for (uint b = 0; b < k / 256; b++) {
        lane_load_norm(at(x, r, k), norm, b, squares);
        g = lane_rows(g, weight_row(gate, expert, k), first, n, k, b);
        u = lane_rows(u, weight_row(up, expert, k), first, n, k, b);
    }
    const float factor = lane_rms(squares, k, eps);
    [[unroll]] for (uint t = 0; t < LANE_TILES; t++) {
        const uint o = lane_row(first, t);
        if (o < n) OutF32(at(y, r * top_k + s, n)).v[o] = silu(factor * g[t]) * (factor * u[t]);
    }
}
