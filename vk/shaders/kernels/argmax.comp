#version 460
#extension GL_GOOGLE_include_directive : require
// The most likely token of each output row.
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
#include "common.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t logits; OutU32 sampled;
    uint n;
};

const uint ROW_SLOT = 3; // see graph/step.go
const uint NONE = 0xffffffffu;
shared float best_of[1024];
shared uint index_of[1024];

void take(float v, uint i, inout float best, inout uint index) {
    if (!is_nan(v) && (v > best || index == NONE)) {
        best = v;
        index = i;
    }
}

void main() {
    const uint j = gl_WorkGroupID.y;
    if (j >= step.v[STEP_OUTS]) return;
    const uint64_t row = at(logits, j, n);
    float best = uintBitsToFloat(0xff800000u); // minus infinity
    uint index = NONE;
    // Rows of whole vectors are read four vectors ahead.
    const uint quads = (n & 3) == 0 ? n / 4 : 0, step4 = 4 * gl_WorkGroupSize.x;
    for (uint i = gl_LocalInvocationID.x; i < quads; i += step4) {
        vec4 v[4];
        [[unroll]] for (uint u = 0; u < 4; u++) v[u] = F32x4(row).v[min(i + u * gl_WorkGroupSize.x, quads - 1)];
        [[unroll]] for (uint u = 0; u < 4; u++) {
            const uint first = 4 * min(i + u * gl_WorkGroupSize.x, quads - 1);
            [[unroll]] for (uint c = 0; c < 4; c++) take(v[u][c], first + c, best, index);
        }
    }
    for (uint i = 4 * quads + gl_LocalInvocationID.x; i < n; i += gl_WorkGroupSize.x) take(F32(row).v[i], i, best, index);
    const float top = subgroupMax(best);
    index = subgroupMin(best == top ? index : NONE);
    if (gl_SubgroupInvocationID == 0) {
        best_of[gl_SubgroupID] = top;
        index_of[gl_SubgroupID] = index;
    }
    barrier();
    if (gl_LocalInvocationID.x != 0) return;
    for (uint s = 0; s < gl_NumSubgroups; s++) {
        if (index == NONE || best_of[s] > best_of[0] || (best_of[s] == best_of[0] && index_of[s] < index)) {
            best_of[0] = best_of[s];
            index = index_of[s];
        }
    }
    const uint slot = step_row(step, step.v[step.v[STEP_OUTS_AT] + j], ROW_SLOT);
    sampled.v[slot] = index == NONE ? 0 : index;
}
