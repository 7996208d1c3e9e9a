// The choice of experts by rank: an expert's rank is how many come before it,
// the larger logit first, ties by index.

const uint MOST_EXPERTS = 256, MOST_TOP_K = 16;
shared float route_logits[MOST_EXPERTS];
shared uint route_ids[MOST_TOP_K];

void route_take(uint64_t logits, uint experts) {
    for (uint e = gl_LocalInvocationID.x; e < experts; e += gl_WorkGroupSize.x) {
        const float v = Act(logits).v[e];
        route_logits[e] = is_nan(v) ? uintBitsToFloat(0xff800000u) : v;
    }
}

void route_rank(uint experts, uint top_k) {
    for (uint e = gl_LocalInvocationID.x; e < experts; e += gl_WorkGroupSize.x) {
        const float v = route_logits[e];
        uint rank = 0;
        for (uint j = 0; j < experts; j++) {
            const float b = route_logits[j];
            rank += b > v || (b == v && j < e) ? 1 : 0;
        }
        if (rank < top_k) route_ids[rank] = e;
    }
}

// route_put writes the chosen experts and their weights.
void route_put(uint64_t ids, uint64_t weights, uint experts, uint top_k, bool renormalize, float scale) {
    const uint s = gl_LocalInvocationID.x;
    if (s >= top_k) return;
    const float top = route_logits[route_ids[0]];
    float sum = 0, chosen = 0;
    for (uint e = 0; e < experts; e++) sum += exp(route_logits[e] - top);
    for (uint i = 0; i < top_k; i++) chosen += exp(route_logits[route_ids[i]] - top) / sum;
    PutU32(ids).v[s] = route_ids[s];
    PutF32(weights).v[s] = exp(route_logits[route_ids[s]] - top) / sum * scale / (renormalize ? chosen : 1.0);
}
