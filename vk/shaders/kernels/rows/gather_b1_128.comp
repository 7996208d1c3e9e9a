#version 460
#extension GL_GOOGLE_include_directive : require
// gather for few rows on a GPU, waiting by itself.
//
//   y[j] = x[out(j)]
//
// x {n, R} F32, y {n, O} F32. One workgroup an output row.
//
// op: gather
// types: F32
// tile: all 1 1
// local: 512
// spec:
// needs: gpu
// rows: 1 128
// requires: n%4
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"

void main() {
    const uint j = gl_WorkGroupID.y;
    const bool wanted = j < step.v[STEP_OUTS];
    const uint row = wanted ? step.v[step.v[STEP_OUTS_AT] + j] : 0;
    sync_wait();
    if (wanted)
        for (uint i = gl_LocalInvocationID.x; i < n / 4; i += gl_WorkGroupSize.x) PutF32x4(at(y, j, n)).v[i] = Act4(at(x, row, n)).v[i];
    sync_done();
}
