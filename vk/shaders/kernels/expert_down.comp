#version 460
#extension GL_GOOGLE_include_directive : require
// The second half of each row's experts, weighted, summed and added to the
// residual.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * sum_i w[ids[r][s]][o][i] * h[r][s][i]
//
// w {k, n, experts} of the kernel's type, h {k, top_k, R} F32, ids {top_k, R}
// U32, weights {top_k, R} F32, res {n, R} F32 or absent, y {n, R} F32. One
// workgroup covers 8 outputs of one row; a subgroup takes two at a time.
//
// op: expert_down
// types: F32 F16 BF16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 8 1 1
// local: 128
// spec:
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"

const uint OUTPUTS = 8;

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t w; uint64_t h; U32 ids; F32 weights; uint64_t res; uint64_t y;
    uint k; uint n; uint top_k;
};

void put(uint r, uint o, float v) {
    if (res != 0) v += F32(at(res, r, n)).v[o];
    OutF32(at(y, r, n)).v[o] = v;
}

void main() {
    const uint r = gl_WorkGroupID.y;
    if (r >= step.v[STEP_ROWS]) return;
    const uint last = min(gl_WorkGroupID.x * OUTPUTS + OUTPUTS, n);
    for (uint o = gl_WorkGroupID.x * OUTPUTS + gl_SubgroupID * 2; o < last; o += gl_NumSubgroups * 2) {
        const bool both = o + 1 < n;
        vec2 sum = vec2(0);
        for (uint s = 0; s < top_k; s++) {
            const uint slot = r * top_k + s;
            const uint64_t expert = uint64_t(ids.v[slot]) * n;
            sum = fma(vec2(weights.v[slot]), product2(
                weight_row(w, expert + o, k), weight_row(w, expert + (both ? o + 1 : o), k), at(h, slot, k), k), sum);
        }
        const vec2 v = subgroupAdd(sum);
        if (gl_SubgroupInvocationID == 0) {
            put(r, o, v.x);
            if (both) put(r, o + 1, v.y);
        }
    }
}
