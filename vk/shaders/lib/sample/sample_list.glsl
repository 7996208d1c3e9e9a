// The filters and the draw where the tokens that are kept are among the first ones.
// Included after sample/sample_merge.glsl; top is the row's largest logit.
shared float weight[CANDIDATES];
shared uint drawn;

// keep_first is how many of the first tokens the filters keep, 0 where that cannot be
// told from k of them.
uint keep_first(uint j, uint k, float top) {
    const uint top_k = row_top_k(j);
    const float top_p = row_top_p(j), min_p = row_min_p(j);
    for (uint i = gl_LocalInvocationID.x; i < CANDIDATES; i += gl_WorkGroupSize.x) weight[i] = exp(first_logit[i] - top);
    barrier();
    uint have = 0;
    float sum = 0;
    while (have < k && first_id[have] != NONE) sum += weight[have++];
    // All tokens that top_k keeps are here, or all that are not minus infinity.
    const bool whole = have < k || k == top_k;
    uint kept = have;
    bool cut = whole;
    if (top_p < 1) {
        if (!whole && top_k > 0) return 0;
        const float want = top_p * (whole ? sum : merged_sum(j, SUM, LARGEST, top, 1));
        float part = 0;
        for (uint i = 0; i < have; i++) {
            part += weight[i];
            if (part >= want) {
                kept = i + 1;
                cut = true;
                break;
            }
        }
    }
    if (min_p > 0) {
        uint likely = 0;
        while (likely < kept && weight[likely] >= min_p) likely++;
        cut = cut || likely < kept;
        kept = likely;
    }
    return cut ? max(kept, 1) : 0;
}

// draw_first draws one of the first kept tokens: the lowest id at which the sum of
// weights, in the order of ids, exceeds the draw's part of the whole.
uint draw_first(uint j, uint kept, float top) {
    const float scale = row_scale(j);
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < kept; i += gl_WorkGroupSize.x) weight[i] = exp((first_logit[i] - top) * scale);
    if (gl_LocalInvocationID.x == 0) drawn = NONE;
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < kept; i += gl_WorkGroupSize.x) {
        const uint id = first_id[i];
        float whole = 0, part = 0;
        for (uint q = 0; q < kept; q++) {
            whole += weight[q];
            part += first_id[q] <= id ? weight[q] : 0;
        }
        if (part > row_draw(j) * whole) atomicMin(drawn, id);
    }
    barrier();
    return drawn;
}
