#version 460
#extension GL_GOOGLE_include_directive : require
// Product of each row with the matrices of its own experts.
//
//   y[r][s][o] = sum_i w[ids[r][s]][o][i] * x[r][i]
//
// w {k, n, experts} of the kernel's type, x {k, R} F32, ids {top_k, R} U32,
// y {n, top_k, R} F32. One workgroup covers 2 outputs of one row and choice.
//
// op: expert_linear
// tile: 2 1 1
// max_workgroups: 32768
// local: 128
// spec:
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"

#define PUSH_ids U32
#include "push.glsl"

void main() {
    const uint s = gl_WorkGroupID.y, r = gl_WorkGroupID.z;
    if (r >= step.v[STEP_ROWS]) return;
    const uint choice = r * top_k + s;
    const uint64_t expert = uint64_t(ids.v[choice]) * n;
    OutF32 yr = OutF32(at(y, choice, n));
    for (uint o = gl_WorkGroupID.x * 2; o < n; o += gl_NumWorkGroups.x * 2) {
        const bool both = o + 1 < n;
        const vec2 v = group_sum2(product2(
            weight_row(w, expert + o, k), weight_row(w, expert + (both ? o + 1 : o), k), at(x, r, k), k));
        if (gl_LocalInvocationID.x == 0) {
            yr.v[o] = v.x;
            if (both) yr.v[o + 1] = v.y;
        }
    }
}
