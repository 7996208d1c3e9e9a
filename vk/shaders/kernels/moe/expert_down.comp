#version 460
#extension GL_GOOGLE_include_directive : require
// The second half of each row's experts, weighted, summed and added to the
// residual.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * sum_i w[ids[r][s]][o][i] * h[r][s][i]
//
// w {k, n, experts} of the kernel's type, h {k, top_k, R} F32, ids {top_k, R}
// U32, weights {top_k, R} F32, res {n, R} F32 or absent, y {n, R} F32. One
// workgroup covers 2 outputs of one row: its invocations share out the runs of
// all choices.
//
// op: expert_down
// tile: 2 1 1
// max_workgroups: 32768
// local: 128
// spec:
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"

#define PUSH_ids U32
#define PUSH_weights F32
#include "push.glsl"

void store(uint r, uint o, float v) {
    if (res != 0) v += F32(at(res, r, n)).v[o];
    OutF32(at(y, r, n)).v[o] = v;
}

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x;
    if (r >= step.v[STEP_ROWS]) return;
    const uint whole = runs(k) / 8, rest = k - whole * 8;
    for (uint o = gl_WorkGroupID.x * 2; o < n; o += gl_NumWorkGroups.x * 2) {
        const bool both = o + 1 < n;
        vec2 sum = vec2(0);
        for (uint i = lane; i < whole * top_k; i += lanes) {
            const uint choice = r * top_k + i / whole, e = i % whole * 8;
            const uint64_t first = uint64_t(ids.v[choice]) * n + o;
            F32x4 hv = F32x4(at(h, choice, k));
            const vec4 xl = hv.v[e >> 2], xh = hv.v[(e >> 2) + 1];
            vec4 al, ah, bl, bh;
            decode8(weight_row(w, first, k), e, al, ah);
            decode8(weight_row(w, first + (both ? 1 : 0), k), e, bl, bh);
            sum = fma(vec2(weights.v[choice]), vec2(fma8(al, ah, xl, xh, 0), fma8(bl, bh, xl, xh, 0)), sum);
        }
        for (uint i = lane; i < rest * top_k; i += lanes) {
            const uint choice = r * top_k + i / rest, e = whole * 8 + i % rest;
            const uint64_t first = uint64_t(ids.v[choice]) * n + o;
            const vec2 p = vec2(decode1(weight_row(w, first, k), e), decode1(weight_row(w, first + (both ? 1 : 0), k), e));
            sum = fma(vec2(weights.v[choice] * F32(at(h, choice, k)).v[e]), p, sum);
        }
        const vec2 v = group_sum2(sum);
        if (lane == 0) {
            store(r, o, v.x);
            if (both) store(r, o + 1, v.y);
        }
    }
}
