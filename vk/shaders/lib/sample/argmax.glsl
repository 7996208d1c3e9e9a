// The most likely token of a row of logits. Ties go to the lowest index. A row has
// no such token where a logit is NaN or plus infinity, which no model means, or
// where all are minus infinity, which stands for a token that may not be picked.

const uint NONE = NO_TOKEN;

// is_logit is true for all numbers but NaN and plus infinity.
bool is_logit(float v) {
    const uint bits = floatBitsToUint(v);
    return (bits & 0x7fffffffu) < 0x7f800000u || bits == 0xff800000u;
}

// A logit and its index: NONE with minus infinity where there is none yet, and NONE
// with plus infinity, which no logit exceeds, where one is not a number.
struct Best { float value; uint index; };

Best best_none() { return Best(uintBitsToFloat(0xff800000u), NONE); }
Best best_invalid() { return Best(uintBitsToFloat(0x7f800000u), NONE); }

// load puts logit i, after all those with lower indices.
void load(float v, uint i, inout Best b) {
    if (!is_logit(v)) b = best_invalid();
    else if (v > b.value) b = Best(v, i);
}

// take_any puts what another invocation found, whatever its index.
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

// argmax_slot is where the token of output j's row goes.
uint argmax_slot(uint j) { return step_row(step, step.v[step.v[STEP_OUTS_AT] + j], ROW_SLOT); }
