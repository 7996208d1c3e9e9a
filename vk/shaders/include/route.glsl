// The choice of experts by rank: an expert's rank is how many come before it,
// the larger logit first, ties by index. Logits are compared as integers in the
// order of the floats, so that "before" is one comparison: with the integer
// itself for experts before it in index, with the next one for those after.

const uint MOST_TOP_K = 16, ROUTE_QUADS = (EXPERTS + 3) / 4;
shared uvec4 route_order[ROUTE_QUADS];
shared uint route_ranks[EXPERTS];
shared uint route_ids[MOST_TOP_K];

// route_key puts floats into the order of integers, a NaN as minus infinity.
uint route_key(float v) {
    const uint bits = floatBitsToUint(v);
    return is_nan(v) ? 0x007fffffu : (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

float route_logit(uint e) {
    const uint key = route_order[e / 4][e & 3];
    return uintBitsToFloat((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key);
}

void route_take(uint64_t logits) {
    for (uint e = gl_LocalInvocationID.x; e < 4 * ROUTE_QUADS; e += gl_WorkGroupSize.x) {
        route_order[e / 4][e & 3] = e < EXPERTS ? route_key(Act(logits).v[e]) : 0;
        if (e < EXPERTS) route_ranks[e] = 0;
    }
}

// route_rank ranks the experts, two invocations an expert where there are as
// many, after a barrier; another must follow route_choose's.
void route_rank() {
    const uint parts = gl_WorkGroupSize.x >= 2 * EXPERTS ? 2 : 1, half_quads = (ROUTE_QUADS + parts - 1) / parts;
    for (uint w = gl_LocalInvocationID.x; w < EXPERTS * parts; w += gl_WorkGroupSize.x) {
        const uint e = w % EXPERTS, first = w / EXPERTS * half_quads, key = route_order[e / 4][e & 3];
        uvec4 before = uvec4(0);
        for (uint j = first; j < min(first + half_quads, ROUTE_QUADS); j++) {
            const uvec4 least = key + uvec4(greaterThanEqual(uvec4(4 * j, 4 * j + 1, 4 * j + 2, 4 * j + 3), uvec4(e)));
            before += uvec4(greaterThanEqual(route_order[j], least));
        }
        atomicAdd(route_ranks[e], before.x + before.y + before.z + before.w);
    }
}

void route_choose(uint top_k) {
    for (uint e = gl_LocalInvocationID.x; e < EXPERTS; e += gl_WorkGroupSize.x)
        if (route_ranks[e] < top_k) route_ids[route_ranks[e]] = e;
}

// route_put writes the chosen experts and their weights.
void route_put(uint64_t ids, uint64_t weights, uint top_k, bool renormalize, float scale) {
    const uint s = gl_LocalInvocationID.x;
    if (s >= top_k) return;
    const float top = route_logit(route_ids[0]);
    float sum = 0;
    if (renormalize) // the softmax's own sum cancels
        for (uint i = 0; i < top_k; i++) sum += exp(route_logit(route_ids[i]) - top);
    else
        for (uint e = 0; e < EXPERTS; e++) sum += exp(route_logit(e) - top);
    PutU32(ids).v[s] = route_ids[s];
    PutF32(weights).v[s] = exp(route_logit(route_ids[s]) - top) / sum * scale;
}
