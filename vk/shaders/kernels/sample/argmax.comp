#version 460
#extension GL_GOOGLE_include_directive : require
// The most likely token of each output row.
//
//   sampled[slot of output j's row] = the lowest index of the largest logits[j]
//
// logits {n, O} F32, sampled {slots} U32. Where a logit is NaN or plus infinity, or
// all are minus infinity, the result is all ones. One workgroup an output row.
//
// op: argmax
// types: F32
// tile: all 1 1
// local: 1024
// spec:
#include "core/common.glsl"

#define PUSH_sampled OutU32
#include "push.glsl"

#include "sample/argmax.glsl"
const uint PREFETCH = 4;
vec4 argmax_load(uint64_t row, uint i) { return F32x4(row).v[i]; }
float argmax_load1(uint64_t row, uint i) { return F32(row).v[i]; }
#include "sample/argmax_own.glsl"

void main() {
    const uint j = gl_WorkGroupID.y;
    if (j >= step.v[STEP_OUTS]) return;
    const Best b = best_of_group(argmax_own(at(logits, j, n), n, 0, n));
    if (gl_LocalInvocationID.x == 0) sampled.v[argmax_slot(j)] = b.index;
}
