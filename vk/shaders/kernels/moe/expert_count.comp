#version 460
#extension GL_GOOGLE_include_directive : require
// How often each expert was chosen, added to what was counted before.
//
//   counts[layer][e] += how many assignments of the active rows have ids[assignment] = e
//
// ids {top_k, R} U32, counts {experts, layers} U32, of which only the given
// layer's row is touched. An id that no expert has is not counted. One workgroup
// covers 64 rows with all their assignments. Additions of integers come out the same
// in any order, so nothing depends on which invocation comes first.
//
// op: expert_count
// types: U32
// tile: all 64 1
// local: 64
// spec:
#include "core/common.glsl"

layout(buffer_reference, scalar, buffer_reference_align = 4) restrict buffer Counts { uint v[]; };

#define PUSH_ids U32
#define PUSH_counts Counts
#include "push.glsl"

void main() {
    const uint first = gl_WorkGroupID.y * 64 * top_k;
    const uint last = min(first + 64 * top_k, step.v[STEP_ROWS] * top_k);
    for (uint p = first + gl_LocalInvocationID.x; p < last; p += gl_WorkGroupSize.x) {
        const uint e = ids.v[p];
        if (e < experts) atomicAdd(counts.v[layer * experts + e], 1);
    }
}
