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
layout(constant_id = 1) const uint K = 4;
layout(constant_id = 2) const uint J = 4;
shared vec4 own[K / 4], folded[J / 4];

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t w; uint64_t a; uint64_t fold; uint64_t y;
    uint k; uint n; uint j;
};
#include "sync_main.glsl"

const uint WARPS = 8, MOST = 64;
shared float before[MOST];

void main() {
    const uint o = gl_WorkGroupID.x, lane = gl_SubgroupInvocationID, rows = min(step.v[STEP_ROWS], MOST), sub = gl_SubgroupSize;
    for (uint i = gl_LocalInvocationID.x; i < K / 4; i += gl_WorkGroupSize.x) own[i] = F32x4(at(w, o, K)).v[i] * F32x4(norm).v[i];
    for (uint i = gl_LocalInvocationID.x; i < J / 4; i += gl_WorkGroupSize.x) folded[i] = F32x4(at(fold, o, J)).v[i];
    sync_early();
    sync_group();
    for (uint r = gl_SubgroupID; r < rows; r += WARPS) {
        Act4 xv = Act4(at(x, r, K));
        vec4 sum = vec4(0);
        for (uint i = lane; i < K / 4; i += sub) sum = fma(xv.v[i], own[i], sum);
        const float all = subgroupAdd(dot(sum, vec4(1)));
        if (lane == 0) before[r] = all;
    }
    sync_wait();
    for (uint r = gl_SubgroupID; r < rows; r += WARPS) {
        Act4 av = Act4(at(a, r, J));
        vec4 sum = vec4(0);
        for (uint i = lane; i < J / 4; i += sub) sum = fma(av.v[i], folded[i], sum);
        const float all = subgroupAdd(dot(sum, vec4(1)));
        if (lane == 0) PutF32(at(y, r, n)).v[o] = before[r] + all;
    }
    sync_done_aside();
}
