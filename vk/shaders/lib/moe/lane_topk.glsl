// The choice of experts where the eight invocations of a workgroup hold all
// logits of a row: the largest is taken, and taken out, as often as experts are
// wanted. Included after gemv/lanes.glsl; EXPERTS is a constant, at most 16 experts
// are wanted.
const uint LANE_LOGITS = (EXPERTS + LANES - 1) / LANES;

uint lane_keys[LANE_LOGITS]; // of expert 8 j + lane; 0 where there is none

// lane_key puts floats into the order of integers, a NaN as minus infinity.
uint lane_key(float v) {
    const uint bits = floatBitsToUint(v);
    return is_nan(v) ? 0x007fffffu : (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

float lane_value(uint key) { return uintBitsToFloat((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key); }

uint lanes_max(uint v) {
    const uint lane = gl_SubgroupInvocationID;
    v = max(v, subgroupShuffle(v, lane ^ 1));
    v = max(v, subgroupShuffle(v, lane ^ 2));
    return max(v, subgroupShuffle(v, lane ^ 4));
}

// lane_logits loads a row of logits.
void lane_logits(uint64_t row) {
    [[unroll]] for (uint j = 0; j < LANE_LOGITS; j++) {
        const uint e = j * LANES + gl_SubgroupInvocationID;
        lane_keys[j] = e < EXPERTS ? lane_key(F32(row).v[min(e, EXPERTS - 1)]) : 0;
    }
}

// lane_take_out finds the largest logit, the first of equal ones, and takes it
// out.
void lane_take_out(out uint e, out uint key) {
    uint best = 0, at = 0;
    [[unroll]] for (uint j = 0; j < LANE_LOGITS; j++) {
        const bool more = lane_keys[j] > best;
        best = more ? lane_keys[j] : best;
        at = more ? j * LANES + gl_SubgroupInvocationID : at;
    }
    key = lanes_max(best);
    e = ~lanes_max(best == key ? ~at : 0);
    [[unroll]] for (uint j = 0; j < LANE_LOGITS; j++)
        lane_keys[j] = j * LANES + gl_SubgroupInvocationID == e ? 0 : lane_keys[j];
}

// lane_sum_rest is the sum of exp(logit - top) over the experts not taken out.
float lane_sum_rest(float top) {
    float sum = 0;
    [[unroll]] for (uint j = 0; j < LANE_LOGITS; j++) sum += lane_keys[j] != 0 ? exp(lane_value(lane_keys[j]) - top) : 0;
    return lanes_add(sum);
}
