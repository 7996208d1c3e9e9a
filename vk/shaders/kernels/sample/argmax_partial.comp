#version 460
#extension GL_GOOGLE_include_directive : require
// The most likely token of each share of an output row, on a GPU.
//
//   partials[j][p] = the largest of logits[j][4096 * p .. 4096 * p + 4095] and its
//   index, the lowest of equals
//
// logits {n, O} F32, partials {2, P, O} U32, P = n / 4096 rounded up, a share's
// largest as the bits of a float. Where a logit is NaN or plus infinity the largest is
// plus infinity, where all are minus infinity that, and the index all ones. One
// workgroup a share: see argmax_final.comp.
//
// op: argmax_partial
// types: F32
// tile: 4096 1 1
// local: 512
// spec:
// needs: gpu
// rows: 1 128
// requires: n>=8192
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "sample/argmax.glsl"
const uint PARTIAL = ARGMAX_PARTIAL, PREFETCH = 2;
vec4 argmax_load(uint64_t row, uint i) { return Act4(row).v[i]; }
float argmax_load1(uint64_t row, uint i) { return Act(row).v[i]; }
#include "sample/argmax_own.glsl"

void main() {
    const uint j = gl_WorkGroupID.y, p = gl_WorkGroupID.x, first = p * PARTIAL;
    const bool wanted = j < step.v[STEP_OUTS];
    sync_wait();
    if (wanted) {
        const Best b = best_of_group(argmax_own(at(logits, j, n), n, first, min(first + PARTIAL, n)));
        if (gl_LocalInvocationID.x == 0) {
            PutU32 to = PutU32(at(partials, j, 2 * ((n + PARTIAL - 1) / PARTIAL)));
            to.v[2 * p] = floatBitsToUint(b.value);
            to.v[2 * p + 1] = b.index;
        }
    }
    sync_done();
}
