// The choice of experts, without sorting: an expert's rank is how many come
// before it, the larger logit first, ties by index. An invocation holds a few
// neighbouring experts' logits, as integers in the order of the floats; every
// subgroup compares all of them with a share of the experts, and the counts are
// added up in shared memory, four to a word. SUB is the subgroup's size, at least
// 8, WARPS the number of subgroups; EXPERTS at most 256.
#extension GL_KHR_shader_subgroup_ballot : require

const uint ROUTE_EACH = (EXPERTS + SUB - 1) / SUB, ROUTE_MOST = 32, ROUTE_WORDS = (ROUTE_EACH + 3) / 4;
const uint ROUTE_SHARE = (SUB + WARPS - 1) / WARPS; // invocations whose experts a subgroup compares with
uint route_keys[ROUTE_MOST];
shared uint route_counts[ROUTE_WORDS * SUB];

// route_key puts floats into the order of integers, a NaN as minus infinity; 0
// is below all of them.
uint route_key(float v) {
    const uint bits = floatBitsToUint(v);
    return is_nan(v) ? 0x007fffffu : (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

float route_logit(uint key) { return uintBitsToFloat((key & 0x80000000u) != 0 ? key & 0x7fffffffu : ~key); }

// route_clear comes first, and a barrier after it.
void route_clear() {
    for (uint i = gl_LocalInvocationID.x; i < ROUTE_WORDS * SUB; i += gl_WorkGroupSize.x) route_counts[i] = 0;
}

void route_load(uint64_t logits) {
    const uint first = gl_SubgroupInvocationID * ROUTE_EACH;
    if (EXPERTS % (4 * SUB) == 0) {
        [[unroll]] for (uint j = 0; j < ROUTE_MOST; j += 4) {
            if (j >= ROUTE_EACH) break;
            const vec4 v = Act4(logits).v[(first + j) / 4];
            [[unroll]] for (uint i = 0; i < 4; i++) route_keys[j + i] = route_key(v[i]);
        }
        return;
    }
    [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++) {
        if (j >= ROUTE_EACH) break;
        route_keys[j] = first + j < EXPERTS ? route_key(Act(logits).v[first + j]) : 0;
    }
}

// route_count compares; a barrier must follow. An expert comes before another
// with a larger key, or, before it in index, with an equal one.
void route_count() {
    uint counts[ROUTE_MOST / 4];
    [[unroll]] for (uint j = 0; j < ROUTE_MOST / 4; j++) counts[j] = 0;
    for (uint share = 0; share < ROUTE_SHARE; share++) {
        const uint from = gl_SubgroupID * ROUTE_SHARE + share;
        if (from >= SUB) break;
        const uint after = uint(from > gl_SubgroupInvocationID), with = uint(from >= gl_SubgroupInvocationID);
        [[unroll]] for (uint i = 0; i < ROUTE_MOST; i++) {
            if (i >= ROUTE_EACH) break;
            const uint other = subgroupShuffle(route_keys[i], from);
            [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++) {
                if (j >= ROUTE_EACH) break;
                counts[j / 4] += uint(other >= route_keys[j] + (i < j ? after : with)) << (8 * (j & 3));
            }
        }
    }
    [[unroll]] for (uint j = 0; j < ROUTE_MOST / 4; j++)
        if (j < ROUTE_WORDS) atomicAdd(route_counts[gl_SubgroupInvocationID * ROUTE_WORDS + j], counts[j]);
}

// route_rank is the rank of the invocation's j-th expert, which may be none.
uint route_rank(uint j) {
    const uint rank = route_counts[gl_SubgroupInvocationID * ROUTE_WORDS + j / 4] >> (8 * (j & 3)) & 255;
    return gl_SubgroupInvocationID * ROUTE_EACH + j < EXPERTS ? rank : 0xffffffffu;
}

// route_expert is the expert of slot s.
uint route_expert(uint s) {
    uint e = 0;
    bool mine = false;
    [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++) {
        if (j >= ROUTE_EACH) break;
        if (route_rank(j) == s) {
            e = gl_SubgroupInvocationID * ROUTE_EACH + j;
            mine = true;
        }
    }
    return subgroupShuffle(e, subgroupBallotFindLSB(subgroupBallot(mine)));
}

// route_all calls ROUTE_PUT(slot, expert, weight) for each of the top_k slots, on
// one subgroup's invocations. The softmax's own sum cancels where the weights are
// renormalized.
#define ROUTE_ALL(top_k, renormalize, scale) { \
    uint top = 0; \
    [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++) \
        if (j < ROUTE_EACH) top = max(top, route_keys[j]); \
    const float largest = route_logit(subgroupMax(top)); \
    float p[ROUTE_MOST], sum = 0; \
    [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++) { \
        if (j >= ROUTE_EACH) break; \
        p[j] = route_keys[j] > 0 ? exp(route_logit(route_keys[j]) - largest) : 0; \
        sum += renormalize && route_rank(j) >= top_k ? 0 : p[j]; \
    } \
    sum = subgroupAdd(sum); \
    [[unroll]] for (uint j = 0; j < ROUTE_MOST; j++) { \
        if (j >= ROUTE_EACH) break; \
        if (route_rank(j) < top_k) ROUTE_PUT(route_rank(j), gl_SubgroupInvocationID * ROUTE_EACH + j, p[j] / sum * scale) \
    } \
}
