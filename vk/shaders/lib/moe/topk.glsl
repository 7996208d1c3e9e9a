// The choice of experts, by every subgroup for itself and without shared memory:
// an invocation holds a few neighbouring experts' logits, and the largest of all
// is taken out top_k times, ties by index. Logits are compared as integers in
// the order of the floats. SUB is the subgroup's size, at least 8; EXPERTS at
// most 256, top_k at most 8.
#extension GL_KHR_shader_subgroup_ballot : require

const uint ROUTE_EACH = (EXPERTS + SUB - 1) / SUB, ROUTE_MOST = 32;
uint route_keys[ROUTE_MOST];

// route_key puts a float's bits into the order of integers, a NaN as minus infinity;
// 0 is below all of them. Logits are loaded as bits, since a device may take the
// smallest floats for zero.
uint route_key(uint bits) {
    return (bits & 0x7fffffffu) > 0x7f800000u ? 0x007fffffu : (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

float route_logit(uint key) { return uintBitsToFloat((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key); }

void route_load(uint64_t logits) {
    const uint first = gl_SubgroupInvocationID * ROUTE_EACH;
    if (EXPERTS % (4 * SUB) == 0) {
        [[unroll]] for (uint j = 0; j < ROUTE_MOST; j += 4) {
            if (j >= ROUTE_EACH) break;
            const uvec4 v = ActU4(logits).v[(first + j) / 4];
            [[unroll]] for (uint i = 0; i < 4; i++) route_keys[j + i] = route_key(v[i]);
        }
        return;
    }
    [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++) {
        if (j >= ROUTE_EACH) break;
        route_keys[j] = first + j < EXPERTS ? route_key(ActU(logits).v[first + j]) : 0;
    }
}

// route_next takes the first of the remaining experts out.
uint route_next(out uint key) {
    uint most = 0, at_most = 0;
    [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++) {
        if (j >= ROUTE_EACH) break;
        if (route_keys[j] > most) at_most = j;
        most = max(most, route_keys[j]);
    }
    key = subgroupMax(most);
    const uint who = subgroupBallotFindLSB(subgroupBallot(most == key));
    [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++) {
        if (j >= ROUTE_EACH) break;
        if (gl_SubgroupInvocationID == who && j == at_most) route_keys[j] = 0;
    }
    return subgroupShuffle(gl_SubgroupInvocationID * ROUTE_EACH + at_most, who);
}

// What the choice left: invocation s has choice s's expert and logit; of all
// experts the largest logit and the sum of exp(logit - top).
struct Route { uint id; float logit, top, sum; };

// route takes count experts out. The sum is only made if whole.
Route route(uint count, bool whole) {
    Route c = Route(0, 0, 0, 0);
    if (whole) {
        uint key = 0;
        [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++)
            if (j < ROUTE_EACH) key = max(key, route_keys[j]);
        const float top = route_logit(subgroupMax(key));
        [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++)
            if (j < ROUTE_EACH && route_keys[j] > 0) c.sum += exp(route_logit(route_keys[j]) - top);
        c.sum = subgroupAdd(c.sum);
    }
    [[dont_unroll]] for (uint s = 0; s < count; s++) {
        uint key;
        const uint e = route_next(key);
        if (s == 0) c.top = route_logit(key);
        if (s == gl_SubgroupInvocationID) {
            c.id = e;
            c.logit = route_logit(key);
        }
    }
    return c;
}

// route_weight is the weight of choice s on invocation s, after all top_k were
// taken out; the softmax's own sum cancels where the weights are renormalized.
// factor, which the logits lack, is 1 where they are not.
float route_weight(Route c, uint top_k, bool renormalize, float factor, float scale) {
    const float p = gl_SubgroupInvocationID < top_k ? exp(factor * (c.logit - c.top)) : 0;
    return p / (renormalize ? subgroupAdd(p) : c.sum) * scale;
}
