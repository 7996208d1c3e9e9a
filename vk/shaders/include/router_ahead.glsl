// The main of router_ahead for few rows: a workgroup loads its output's weights once,
// and each of its subgroups takes every eighth row. attention4(row, i) is four
// elements of what attention gave.
layout(constant_id = 1) const uint K = 4;
layout(constant_id = 2) const uint J = 4;
shared vec4 own[K / 4], folded[J / 4];

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t w; uint64_t a; uint64_t fold; uint64_t y;
    uint k; uint n; uint j;
};
#include "sync_main.glsl"

vec4 attention4(uint r, uint i);

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
        vec4 sum = vec4(0);
        for (uint i = lane; i < J / 4; i += sub) sum = fma(attention4(r, i), folded[i], sum);
        const float all = subgroupAdd(dot(sum, vec4(1)));
        if (lane == 0) PutF32(at(y, r, n)).v[o] = before[r] + all;
    }
    sync_done_aside();
}
