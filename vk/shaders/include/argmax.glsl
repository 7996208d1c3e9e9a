// The most likely token of a row of logits. Ties go to the lowest index, and a NaN
// never wins.

const uint ROW_SLOT = 3; // see graph/step.go
const uint NONE = 0xffffffffu;

// A logit and its index, NONE where there is none.
struct Best { float value; uint index; };

Best best_none() { return Best(uintBitsToFloat(0xff800000u), NONE); } // minus infinity

// take puts logit i, after all those with lower indices.
void take(float v, uint i, inout Best b) {
    if (!is_nan(v) && (v > b.value || b.index == NONE)) b = Best(v, i);
}

// take_any puts a logit with any index, which is no NaN.
void take_any(Best a, inout Best b) {
    if (a.value > b.value || (a.value == b.value && a.index < b.index)) b = a;
}

shared float best_of[1024 / 4]; // no subgroup is smaller than four
shared uint index_of[1024 / 4];

Best best_of_subgroup(Best b) {
    const float top = subgroupMax(b.value);
    return Best(top, subgroupMin(b.value == top ? b.index : NONE));
}

// best_of_group is the workgroup's best, for the first subgroup.
Best best_of_group(Best b) {
    b = best_of_subgroup(b);
    if (gl_NumSubgroups == 1) return b;
    if (gl_SubgroupInvocationID == 0) {
        best_of[gl_SubgroupID] = b.value;
        index_of[gl_SubgroupID] = b.index;
    }
    barrier();
    if (gl_SubgroupID != 0) return b;
    b = best_none();
    for (uint s = gl_SubgroupInvocationID; s < gl_NumSubgroups; s += gl_SubgroupSize) take_any(Best(best_of[s], index_of[s]), b);
    return best_of_subgroup(b);
}

// argmax_index is the token, 0 where all logits are NaN.
uint argmax_index(Best b) { return b.index == NONE ? 0 : b.index; }

// argmax_slot is where the token of output j's row goes.
uint argmax_slot(uint j) { return step_row(step, step.v[step.v[STEP_OUTS_AT] + j], ROW_SLOT); }
