#version 460
#extension GL_GOOGLE_include_directive : require
// expert_down for devices that are a CPU.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * sum_i w[ids[r][s]][o][i] * h[r][s][i]
//
// w {k, n, experts} of the kernel's type, h {k, top_k, R} F32, ids {top_k, R}
// U32, weights {top_k, R} F32, res {n, R} F32 or absent, y {n, R} F32. One
// workgroup covers 32 outputs of a row.
//
// op: expert_down
// tile: 32 1 1
// local: 1 subgroups
// spec:
// needs: cpu subgroup8
// requires: k%256
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "gemv/lanes.glsl"
#include "lane.glsl"
#include "gemv/lane_rows.glsl"

#define PUSH_ids U32
#define PUSH_weights F32
#include "push.glsl"

void main() {
    const uint r = gl_WorkGroupID.y, first = gl_WorkGroupID.x * LANE_OUTS;
    if (r >= step.v[STEP_ROWS]) return;
    vec4 sum = vec4(0);
    for (uint s = 0; s < top_k; s++) {
        const uint choice = r * top_k + s;
        const uint64_t expert = weight_row(w, uint64_t(ids.v[choice]) * n, k);
        const float share = weights.v[choice];
        for (uint b = 0; b < k / 256; b++) {
            lane_load(at(h, choice, k), b);
            sum += share * lane_rows(vec4(0), expert, first, n, k, b);
        }
    }
    [[unroll]] for (uint t = 0; t < LANE_TILES; t++) {
        const uint o = lane_row(first, t);
        if (o < n) OutF32(at(y, r, n)).v[o] = res != 0 ? F32(at(res, r, n)).v[o] + sum[t] : sum[t];
    }
}
