// The choice of experts by rank: an expert's rank is how many come before it,
// the larger logit first, ties by index.

const uint MOST_TOP_K = 16, ROUTE_QUADS = (EXPERTS + 3) / 4;
const float ROUTE_LOWEST = uintBitsToFloat(0xff800000u); // minus infinity
shared vec4 route_logits[ROUTE_QUADS];
shared uint route_ids[MOST_TOP_K];

float route_logit(uint e) { return route_logits[e / 4][e & 3]; }

void route_take(uint64_t logits) {
    for (uint e = gl_LocalInvocationID.x; e < 4 * ROUTE_QUADS; e += gl_WorkGroupSize.x) {
        const float v = Act(logits).v[min(e, EXPERTS - 1)];
        route_logits[e / 4][e & 3] = e >= EXPERTS || is_nan(v) ? ROUTE_LOWEST : v;
    }
}

void route_rank(uint top_k) {
    for (uint e = gl_LocalInvocationID.x; e < EXPERTS; e += gl_WorkGroupSize.x) {
        const float v = route_logit(e);
        uvec4 before = uvec4(0);
        for (uint j = 0; j < ROUTE_QUADS; j++) {
            const vec4 b = route_logits[j];
            const bvec4 first = lessThan(uvec4(4 * j) + uvec4(0, 1, 2, 3), uvec4(e));
            before += uvec4(b.x > v || (b.x == v && first.x), b.y > v || (b.y == v && first.y), b.z > v || (b.z == v && first.z),
                            b.w > v || (b.w == v && first.w));
        }
        const uint rank = before.x + before.y + before.z + before.w;
        if (rank < top_k) route_ids[rank] = e;
    }
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
