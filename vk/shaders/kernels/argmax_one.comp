#version 460
#extension GL_GOOGLE_include_directive : require
// argmax for few rows on a GPU: waiting by itself, with more logits under way.
//
//   sampled[slot of output j's row] = the lowest index of the largest logits[j]
//
// logits {n, O} F32, sampled {slots} U32. A NaN never wins; where all are NaN the
// result is 0. One workgroup an output row.
//
// op: argmax
// types: F32
// tile: all 1 1
// local: 1024
// spec:
// needs: gpu
// rows: 1 1
// when: n>=8192
// sync: counter
#include "common.glsl"
#include "sync.glsl"

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t logits; uint64_t sampled;
    uint n;
};
#include "sync_main.glsl"

const uint AHEAD = 10;
vec4 argmax_load(uint64_t row, uint i) { return Act4(row).v[i]; }
float argmax_load1(uint64_t row, uint i) { return Act(row).v[i]; }
#include "argmax.glsl"

void main() {
    const uint j = gl_WorkGroupID.y;
    const bool wanted = j < step.v[STEP_OUTS];
    const uint slot = wanted ? argmax_slot(j) : 0;
    sync_wait();
    if (wanted) {
        const uint index = argmax_row(at(logits, j, n), n);
        if (gl_LocalInvocationID.x == 0) PutU32(sampled).v[slot] = index;
    }
    sync_done();
}
