#version 460
#extension GL_GOOGLE_include_directive : require
// The most likely token of each output row from those of its partials: see
// argmax_partial.comp.
//
//   sampled[slot of output j's row] = the index of the largest of partials[j], the
//   lowest of equals
//
// partials {2, P, O} U32, P = n / 4096 rounded up, sampled {slots} U32. Where a
// share has plus infinity, or none has an index, the result is all ones. One subgroup an output row.
//
// op: argmax_final
// types: U32
// tile: all 1 1
// local: 1 subgroups
// spec:
// needs: gpu
// rows: 1 128
// requires: n>=8192
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"

layout(buffer_reference, scalar, buffer_reference_align = 8) coherent readonly buffer Partials { uvec2 v[]; };
#include "push.glsl"
#include "sync/sync_main.glsl"
#include "sample/argmax.glsl"
const uint PARTIAL = ARGMAX_PARTIAL, PREFETCH = 2;

void main() {
    const uint j = gl_WorkGroupID.y, count = (n + PARTIAL - 1) / PARTIAL, lanes = gl_WorkGroupSize.x;
    const bool wanted = j < step.v[STEP_OUTS];
    const uint slot = wanted ? argmax_slot(j) : 0;
    sync_wait();
    if (wanted) {
        Partials from = Partials(at(partials, j, 2 * count));
        Best b = best_none();
        for (uint i = gl_LocalInvocationID.x; i < count; i += PREFETCH * lanes) {
            uvec2 v[PREFETCH];
            [[unroll]] for (uint u = 0; u < PREFETCH; u++) v[u] = from.v[min(i + u * lanes, count - 1)];
            [[unroll]] for (uint u = 0; u < PREFETCH; u++) take_any(Best(uintBitsToFloat(v[u].x), v[u].y), b);
        }
        b = best_of_group(b);
        if (gl_LocalInvocationID.x == 0) PutU32(sampled).v[slot] = b.index;
    }
    sync_done();
}
