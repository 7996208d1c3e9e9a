#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of each row's experts, in one pass over the activations.
//
//   y[r][s][o] = silu(sum_i gate[e][o][i] * x[r][i]) * sum_i up[e][o][i] * x[r][i],
//   e = ids[r][s]
//
// gate, up {k, n, experts} of the kernel's type, x {k, R} F32, ids {top_k, R}
// U32, y {n, top_k, R} F32. One workgroup covers one output of one row and
// choice, gate and up together.
//
// op: expert_gate_up
// tile: 1 1 1
// max_workgroups: 32768
// local: 128
// spec:
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "moe/silu.glsl"

#define PUSH_ids U32
#include "push.glsl"

void main() {
    const uint s = gl_WorkGroupID.y, r = gl_WorkGroupID.z;
    if (r >= step.v[STEP_ROWS]) return;
    const uint choice = r * top_k + s;
    const uint64_t expert = uint64_t(ids.v[choice]) * n;
    for (uint o = gl_WorkGroupID.x; o < n; o += gl_NumWorkGroups.x) {
        const vec2 v = group_sum2(product2(
            weight_row(gate, expert + o, k), weight_row(up, expert + o, k), at(x, r, k), k));
        if (gl_LocalInvocationID.x == 0) OutF32(at(y, choice, n)).v[o] = silu(v.x) * v.y;
    }
}
