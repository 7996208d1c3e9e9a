// The most likely token of a row of logits. Included after argmax_load, which
// gives four logits, and argmax_load1, which gives one, and the number AHEAD of
// vectors that are under way at once.

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

// argmax_row is the lowest index of the largest of n logits, for invocation 0.
// A NaN never wins; where all are NaN the result is 0.
uint argmax_row(uint64_t row, uint n) {
    float best = uintBitsToFloat(0xff800000u); // minus infinity
    uint index = NONE;
    const uint quads = (n & 3) == 0 ? n / 4 : 0, step4 = AHEAD * gl_WorkGroupSize.x;
    for (uint i = gl_LocalInvocationID.x; i < quads; i += step4) {
        vec4 v[AHEAD];
        [[unroll]] for (uint u = 0; u < AHEAD; u++) v[u] = argmax_load(row, min(i + u * gl_WorkGroupSize.x, quads - 1));
        [[unroll]] for (uint u = 0; u < AHEAD; u++) {
            const uint first = 4 * min(i + u * gl_WorkGroupSize.x, quads - 1);
            [[unroll]] for (uint c = 0; c < 4; c++) take(v[u][c], first + c, best, index);
        }
    }
    for (uint i = 4 * quads + gl_LocalInvocationID.x; i < n; i += gl_WorkGroupSize.x) take(argmax_load1(row, i), i, best, index);
    const float top = subgroupMax(best);
    index = subgroupMin(best == top ? index : NONE);
    if (gl_SubgroupInvocationID == 0) {
        best_of[gl_SubgroupID] = top;
        index_of[gl_SubgroupID] = index;
    }
    barrier();
    if (gl_LocalInvocationID.x != 0) return 0;
    for (uint s = 0; s < gl_NumSubgroups; s++) {
        if (index == NONE || best_of[s] > best_of[0] || (best_of[s] == best_of[0] && index_of[s] < index)) {
            best_of[0] = best_of[s];
            index = index_of[s];
        }
    }
    return index == NONE ? 0 : index;
}

// argmax_slot is where the token of output j's row goes.
uint argmax_slot(uint j) { return step_row(step, step.v[step.v[STEP_OUTS_AT] + j], ROW_SLOT); }
