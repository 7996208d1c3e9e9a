#version 460
#extension GL_GOOGLE_include_directive : require
// expert_combine for few rows on a GPU: small workgroups, which read all choices of
// their outputs at once.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * x[r][s][o], in the choices' order
//
// x {n, top_k, R}, weights {top_k, R}, res {n, R} or absent, y {n, R}, all F32.
// One workgroup covers 256 outputs of a row.
//
// op: expert_combine
// types: F32
// tile: 256 1 1
// local: 64
// spec:
// needs: gpu
// rows: 2 64
// requires: n%4 top_k<=8
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"

#include "push.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent writeonly buffer Put4 { vec4 v[]; };
#include "sync/sync_main.glsl"

const uint CHOICES = 8;

void main() {
    const uint r = gl_WorkGroupID.y, first = gl_WorkGroupID.x * 64, end = min(n / 4, first + 64);
    sync_wait();
    for (uint i = first + gl_LocalInvocationID.x; i < end && r < step.v[STEP_ROWS]; i += gl_WorkGroupSize.x) {
        vec4 choice[CHOICES];
        [[unroll]] for (uint s = 0; s < CHOICES; s++) choice[s] = Act4(at(x, r * top_k + min(s, top_k - 1), n)).v[i];
        vec4 sum = res != 0 ? Act4(at(res, r, n)).v[i] : vec4(0);
        [[unroll]] for (uint s = 0; s < CHOICES; s++)
            if (s < top_k) sum = fma(vec4(Act(at(weights, r, top_k)).v[s]), choice[s], sum);
        Put4(at(y, r, n)).v[i] = sum;
    }
    sync_done();
}
