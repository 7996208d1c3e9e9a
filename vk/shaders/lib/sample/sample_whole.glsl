// The draw from tokens anywhere in a row, in the order of ids. Included after
// sample/sample_search.glsl. An invocation looks at neighbouring tokens, so that what comes
// before them is what the invocations before it have.
shared float part_sum[64]; // of the subgroups, of which there are no more
shared uint part_count[64];
shared uint drawn_last;
shared float sum_of[MOST_PARTIALS];
shared uint ties_before[MOST_PARTIALS];
uint kept_count; // of all tokens, once they were counted

float sum_before(float v) {
    const float inside = subgroupExclusiveAdd(v), sum = subgroupAdd(v);
    barrier();
    if (gl_SubgroupInvocationID == 0) part_sum[gl_SubgroupID] = sum;
    barrier();
    float outside = 0;
    for (uint s = 0; s < gl_SubgroupID; s++) outside += part_sum[s];
    return outside + inside;
}

uint count_before(uint v, out uint all) {
    const uint inside = subgroupExclusiveAdd(v), sum = subgroupAdd(v);
    barrier();
    if (gl_SubgroupInvocationID == 0) part_count[gl_SubgroupID] = sum;
    barrier();
    uint outside = 0;
    all = 0;
    for (uint s = 0; s < gl_NumSubgroups; s++) {
        outside += s < gl_SubgroupID ? part_count[s] : 0;
        all += part_count[s];
    }
    return outside + inside;
}

uint chunk_size() { return (PARTIAL + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x; }
uint chunk_first() { return min(PARTIAL, (gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID) * chunk_size()); }
uint chunk_end() { return min(PARTIAL, chunk_first() + chunk_size()); }

// keep_part leaves of logit what is kept, the rest as minus infinity. ties counts, on
// and on, the tokens equal to the last logit that is kept.
void keep_part(Kept kept, float top, inout uint ties) {
    uint mine = 0, all;
    for (uint i = chunk_first(); i < chunk_end(); i++) mine += logit_at(i) == kept.logit ? 1 : 0;
    uint tie = ties + count_before(mine, all);
    ties += all;
    for (uint i = chunk_first(); i < chunk_end(); i++) {
        const float v = logit_at(i);
        const bool keep = (v > kept.logit || (v == kept.logit && tie < kept.ties)) && (kept.min_p <= 0 || exp(v - top) >= kept.min_p);
        tie += v == kept.logit ? 1 : 0;
        if (!keep) logit_set(i, LEAST);
    }
    barrier();
}

// part_weights is the sum of an invocation's weights.
float part_weights(float top, float scale) {
    float sum = 0;
    for (uint i = chunk_first(); i < chunk_end(); i++) sum += logit_at(i) > LEAST ? exp((logit_at(i) - top) * scale) : 0;
    return sum;
}

// draw_part is the first token of a partial at which the sum of weights exceeds want, or
// the last that has a weight.
uint draw_part(uint first, float want, float top, float scale) {
    const float before_it = sum_before(part_weights(top, scale));
    float sum = before_it;
    uint found = NONE, last = 0;
    for (uint i = chunk_first(); i < chunk_end(); i++) {
        const float w = logit_at(i) > LEAST ? exp((logit_at(i) - top) * scale) : 0;
        if (w <= 0) continue;
        sum += w;
        last = first + i;
        if (sum > want) found = min(found, first + i);
    }
    if (gl_LocalInvocationID.x == 0) {
        drawn = NONE;
        drawn_last = 0;
    }
    barrier();
    atomicMin(drawn, found);
    atomicMax(drawn_last, last);
    barrier();
    return drawn == NONE ? drawn_last : drawn;
}

// draw_whole draws from all tokens that are kept: it finds the partial in which the sum
// of weights exceeds the draw's part of the whole, and the token there.
uint draw_whole(uint j, Kept kept, bool all, float top) {
    const float scale = row_scale(j);
    uint ties = 0, count = 0;
    for (uint p = 0; p < partial_count(); p++) {
        float sum;
        uint before_it = ties;
        if (all) {
            const float own = uintBitsToFloat(ActU(partial_at(j, p)).v[LARGEST]);
            sum = own > LEAST ? uintBitsToFloat(ActU(partial_at(j, p)).v[SUM_HOT]) * exp((own - top) * scale) : 0;
        } else {
            logits_again(j, p);
            keep_part(kept, top, ties);
            uint mine = 0, here;
            for (uint i = chunk_first(); i < chunk_end(); i++) mine += logit_at(i) > LEAST ? 1 : 0;
            count_before(mine, here);
            count += here;
            sum = group_sum(part_weights(top, scale));
        }
        barrier();
        if (gl_LocalInvocationID.x == 0) {
            sum_of[p] = sum;
            ties_before[p] = before_it;
        }
        barrier();
    }
    kept_count = count;
    float whole = 0;
    for (uint p = 0; p < partial_count(); p++) whole += sum_of[p];
    const float want = row_draw(j) * whole;
    float part = 0, before_part = 0;
    uint at_part = 0;
    for (uint p = 0; p < partial_count(); p++) {
        if (sum_of[p] <= 0) continue;
        before_part = part;
        at_part = p;
        part += sum_of[p];
        if (part > want) break;
    }
    ties = ties_before[at_part];
    logits_again(j, at_part);
    if (!all) keep_part(kept, top, ties);
    return draw_part(at_part * PARTIAL, want - before_part, top, scale);
}
