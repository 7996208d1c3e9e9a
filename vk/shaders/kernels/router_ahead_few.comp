#version 460
#extension GL_GOOGLE_include_directive : require
// router_ahead for few rows: a workgroup loads its output's weights once.
//
//   y[r][e] = sum_i w[e][i] * norm[i] * x[r][i] + sum_j fold[e][j] * a[r][j]
//
// w {k, n}, x {k, R}, norm {k}, a {j, R}, fold {j, n}, y {n, R}, all F32. One
// workgroup an output of all rows, of which each subgroup takes every eighth.
//
// op: router_ahead
// types: F32
// tile: 1 all 1
// local: 8 subgroups
// spec: k j
// needs: gpu shared48 warps8
// rows: 2 15
// when: k%4 j%4 k<=4096 j<=6144
// sync: counter aside
// early: x
#include "common.glsl"
#include "sync.glsl"
#include "same.glsl"
layout(constant_id = 1) const uint K = 4;
layout(constant_id = 2) const uint J = 4;
shared vec4 weights[K / 4 + J / 4]; // of x, then of a

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t w; uint64_t a; uint64_t fold; uint64_t y;
    uint k; uint n; uint j;
};
#include "sync_main.glsl"

const uint WARPS = 8, MOST = 64, AHEAD = 4;
shared float before[MOST];

void main() {
    const uint o = gl_WorkGroupID.x, lane = gl_SubgroupInvocationID, rows = same(min(step.v[STEP_ROWS], MOST)), sub = gl_SubgroupSize;
    [[dont_unroll]] for (uint i = gl_LocalInvocationID.x; i < K / 4; i += gl_WorkGroupSize.x) weights[i] = F32x4(at(w, o, K)).v[i] * F32x4(norm).v[i];
    [[dont_unroll]] for (uint i = gl_LocalInvocationID.x; i < J / 4; i += gl_WorkGroupSize.x) weights[K / 4 + i] = F32x4(at(fold, o, J)).v[i];
    sync_early();
    sync_group();
    [[dont_unroll]] for (uint part = 0; part < 2; part++) {
        const uint first = part == 0 ? 0 : K / 4, quads = part == 0 ? K / 4 : J / 4;
        if (part == 1) sync_wait();
        [[dont_unroll]] for (uint r = same(gl_SubgroupID); r < rows; r += WARPS) {
            Act4 from = Act4(part == 0 ? at(x, r, K) : at(a, r, J));
            vec4 sum = vec4(0);
            [[dont_unroll]] for (uint i0 = lane; i0 < quads; i0 += AHEAD * sub) {
                vec4 v[AHEAD];
                [[unroll]] for (uint i = 0; i < AHEAD; i++) v[i] = from.v[min(i0 + i * sub, quads - 1)];
                [[unroll]] for (uint i = 0; i < AHEAD; i++)
                    if (i0 + i * sub < quads) sum = fma(v[i], weights[first + i0 + i * sub], sum);
            }
            const float all = subgroupAdd(dot(sum, vec4(1)));
            if (lane > 0) continue;
            if (part == 0) before[r] = all;
            else PutF32(at(y, r, n)).v[o] = before[r] + all;
        }
    }
    sync_done_aside();
}
