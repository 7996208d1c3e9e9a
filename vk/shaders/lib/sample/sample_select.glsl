// The first k tokens of a partial in the order of before. Units of logits have their
// largest one compared with those of all others: the k-th of these is a bound that at
// least k tokens reach, and only those of the first k units do, so few more than k
// tokens are compared with each other. Included after sample/sample_logits.glsl.
const uint UNITS = 128, UNIT = PARTIAL / UNITS;
shared float unit_logit[UNITS];
shared uint unit_at[UNITS];
shared float bound_logit;
shared uint bound_at, reaching;
shared uint reach_at[CANDIDATES * UNIT]; // the most that can reach the bound

// select_first writes the first k tokens as pairs of logit and id; where there are
// fewer, minus infinity and no id follow. No logit is NaN.
void select_first(uint k, uint first, uint64_t to) {
    const uint lane = gl_LocalInvocationID.x, step_by = gl_WorkGroupSize.x;
    barrier();
    for (uint u = lane; u < UNITS; u += step_by) {
        float best = LEAST;
        uint at = PARTIAL;
        for (uint i = u; i < PARTIAL; i += UNITS)
            if (logit_at(i) > best) {
                best = logit_at(i);
                at = i;
            }
        unit_logit[u] = best;
        unit_at[u] = at;
    }
    if (lane == 0) {
        bound_logit = LEAST;
        bound_at = 0;
        reaching = 0;
    }
    barrier();
    for (uint u = lane; u < UNITS; u += step_by) {
        const float v = unit_logit[u];
        const uint a = unit_at[u];
        uint rank = 0;
        for (uint q = 0; q < UNITS; q++) rank += before(unit_logit[q], unit_at[q], v, a) ? 1 : 0;
        if (rank == k - 1 && v > LEAST) {
            bound_logit = v;
            bound_at = a;
        }
    }
    barrier();
    for (uint i = lane; i < PARTIAL; i += step_by) {
        const float v = logit_at(i);
        if (v > bound_logit || (v == bound_logit && i <= bound_at && v > LEAST)) reach_at[atomicAdd(reaching, 1)] = i;
    }
    barrier();
    for (uint c = lane; c < max(reaching, k); c += step_by) {
        uint rank = c;
        float v = LEAST;
        uint id = 0xffffffffu;
        if (c < reaching) {
            const uint i = reach_at[c];
            v = logit_at(i);
            id = first + i;
            rank = 0;
            for (uint q = 0; q < reaching; q++) rank += before(logit_at(reach_at[q]), reach_at[q], v, i) ? 1 : 0;
        }
        if (rank < k) {
            PutU32(to).v[2 * rank] = floatBitsToUint(v);
            PutU32(to).v[2 * rank + 1] = id;
        }
    }
    barrier();
}
