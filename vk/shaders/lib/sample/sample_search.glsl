// The filters where they keep more tokens than the partials list: the last logit that
// is kept is searched for among the integers in whose order floats are, the interval
// cut into sixteen at each look at the row. Included after sample/sample_logits.glsl.
const uint CUTS = 16;

uint key_of(float v) {
    const uint bits = floatBitsToUint(v);
    return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}
float logit_of(uint key) { return uintBitsToFloat((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key); }

// Tokens above logit are kept, and the first ties of those equal to it, if they are
// min_p times as likely as the largest.
struct Kept { float logit; uint ties; float min_p; };

const uint ALL_TIES = 0xffffffffu;

void logits_again(uint j, uint p) {
    const uint row = step.v[step.v[STEP_OUTS_AT] + j];
    logits_load(j, p * PARTIAL);
    logits_change(j, p * PARTIAL, step_row(step, row, ROW_SLOT), step_row(step, row, ROW_POSITION) + 1);
}

// search finds the largest logit such that the tokens from it on, counted or added up
// by their weights, are at least want; above is what those above it are.
float search(uint j, float top, bool counts, float want, float least, out float above) {
    uint low = key_of(least), high = key_of(top) + 1;
    above = 0;
    while (high - low > 1) {
        const uint width = high - low, cuts = min(CUTS, width);
        float sum[CUTS];
        [[unroll]] for (uint c = 0; c < CUTS; c++) sum[c] = 0;
        for (uint p = 0; p < partial_count(); p++) {
            logits_again(j, p);
            for (uint i = gl_LocalInvocationID.x; i < PARTIAL; i += gl_WorkGroupSize.x) {
                const uint key = key_of(logit_at(i));
                const float w = counts ? 1 : exp(logit_at(i) - top);
                [[unroll]] for (uint c = 1; c < CUTS; c++)
                    sum[c] += key >= low + uint(uint64_t(width) * c / cuts) ? w : 0;
            }
        }
        uint from = low, to = high;
        [[unroll]] for (uint c = 1; c < CUTS; c++) {
            const float s = group_sum(sum[c]);
            if (c >= cuts) continue;
            const uint cut = low + uint(uint64_t(width) * c / cuts);
            if (s >= want) from = cut;
            else if (cut < to) {
                to = cut;
                above = s;
            }
        }
        low = from;
        high = to;
    }
    return logit_of(low);
}

// weight_above is the weight of all tokens above a logit.
float weight_above(uint j, float top, float v) {
    float sum = 0;
    for (uint p = 0; p < partial_count(); p++) {
        logits_again(j, p);
        for (uint i = gl_LocalInvocationID.x; i < PARTIAL; i += gl_WorkGroupSize.x) sum += logit_at(i) > v ? exp(logit_at(i) - top) : 0;
    }
    return group_sum(sum);
}

// keep_search applies top_k, top_p and min_p to the whole row.
Kept keep_search(uint j, float top) {
    Kept kept = Kept(-3.402823466e38, ALL_TIES, row_min_p(j));
    float above = 0, whole = merged_sum(j, SUM, LARGEST, top, 1);
    if (row_top_k(j) > 0) {
        kept.logit = search(j, top, true, float(row_top_k(j)), kept.logit, above);
        kept.ties = row_top_k(j) - uint(above);
        whole = weight_above(j, top, kept.logit) + float(kept.ties) * exp(kept.logit - top);
    }
    if (row_top_p(j) < 1) {
        const float want = row_top_p(j) * whole, least = kept.logit;
        kept.logit = search(j, top, false, want, least, above);
        const float ties = max(1, ceil((want - above) / exp(kept.logit - top)));
        kept.ties = min(kept.logit == least ? kept.ties : ALL_TIES, ties < 4e9 ? uint(ties) : ALL_TIES);
    }
    return kept;
}
