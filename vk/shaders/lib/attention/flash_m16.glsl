// Attention of few rows, each perhaps of a sequence of its own: a tile of 16
// queries, the heads of one kv head for as many rows as that makes, and four
// subgroups of 32 that share out the positions, sixteen at a time (Dao et al.,
// flash-decoding), by matrix units. A subgroup's lanes look after half of a
// query's scores each. Included after attention/flash_args.glsl's push constants and
// put4(query, element, value).
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#define HALVES(use) coopmat<float16_t, gl_ScopeSubgroup, 16, 16, use>
#define SUMS coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>
const uint QUERIES = 16, SLICE = 16, SPLIT_K = 4, EIGHTS = D / 8, KV_PITCH = EIGHTS + 1, KV_SIZE = SLICE * KV_PITCH;
const uint SCORE_PITCH = 5, WEIGHT_PITCH = 3, SCORE_SIZE = QUERIES * SCORE_PITCH, OWN = SCORE_SIZE + QUERIES * WEIGHT_PITCH;
const uint LOADS = SLICE * EIGHTS / 32;
const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity

shared uvec4 kv_tile[SPLIT_K * 2 * KV_SIZE]; // keys, then values
shared uvec4 score_tile[SPLIT_K * OWN];      // scores, then weights
shared vec2 stats[SPLIT_K * QUERIES];        // each subgroup's largest score and sum
shared uint query_end[QUERIES], query_pages[QUERIES];

uint m16_query() { return gl_SubgroupInvocationID >> 1; }
uint m16_side() { return gl_SubgroupInvocationID & 1; }
uint m16_kv() { return gl_SubgroupID * 2 * KV_SIZE; }
uint m16_scores() { return gl_SubgroupID * OWN; }

uvec4 next_k[LOADS], next_v[LOADS];
float row_top, row_sum;

// A slice lies in one page.
void rows_fetch(uint pages, uint t, uint last, uint first) {
    const uint place = cache_index(step, pages, t, page_size);
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        const uint e = gl_SubgroupInvocationID + 32 * i, row = place + min(e / EIGHTS, last - 1 - t);
        next_k[i] = FLASH_HALF8(cache_row(k_cache, row, kv_heads * D), first + 8 * (e % EIGHTS));
        next_v[i] = FLASH_HALF8(cache_row(v_cache, row, kv_heads * D), first + 8 * (e % EIGHTS));
    }
}

void rows_store() {
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        const uint e = gl_SubgroupInvocationID + 32 * i, to = m16_kv() + e / EIGHTS * KV_PITCH + e % EIGHTS;
        kv_tile[to] = next_k[i];
        kv_tile[to + KV_SIZE] = next_v[i];
    }
}

// m16_softmax turns the scores of positions t on into weights against the running
// maximum, and returns what earlier sums fade by.
float m16_softmax(uint t) {
    const uint from = m16_scores() + m16_query() * SCORE_PITCH + 2 * m16_side(), end = query_end[m16_query()];
    vec4 s[2];
    float top = row_top;
    [[unroll]] for (uint i = 0; i < 2; i++) {
        s[i] = scale * uintBitsToFloat(score_tile[from + i]);
        [[unroll]] for (uint j = 0; j < 4; j++) s[i][j] = t + 8 * m16_side() + 4 * i + j < end ? s[i][j] : NOTHING;
        top = max(top, max(max(s[i].x, s[i].y), max(s[i].z, s[i].w)));
    }
    top = max(top, subgroupShuffleXor(top, 1));
    const float against = top == NOTHING ? 0.0 : top, fade = exp(row_top - against);
    const vec4 a = exp(s[0] - against), b = exp(s[1] - against), sum = a + b;
    float both = (sum.x + sum.y) + (sum.z + sum.w);
    both += subgroupShuffleXor(both, 1);
    score_tile[m16_scores() + SCORE_SIZE + m16_query() * WEIGHT_PITCH + m16_side()] =
        uvec4(packHalf2x16(a.xy), packHalf2x16(a.zw), packHalf2x16(b.xy), packHalf2x16(b.zw));
    row_sum = row_sum * fade + both;
    row_top = top;
    return fade;
}

// m16_factor leaves a matrix of each query's factor in the place of the scores.
void m16_factor(float factor) {
    const uint mine = m16_scores() + m16_query() * 4 + 2 * m16_side();
    subgroupBarrier();
    score_tile[mine] = uvec4(floatBitsToUint(factor));
    score_tile[mine + 1] = uvec4(floatBitsToUint(factor));
    subgroupBarrier();
}
#define SCALE_SUMS(factor) { \
    m16_factor(factor); \
    SUMS f; \
    coopMatLoad(f, score_tile, m16_scores(), 4, gl_CooperativeMatrixLayoutRowMajor); \
    [[unroll]] for (uint j = 0; j < D / 16; j++) sums[j] = sums[j] * f; }

// m16_share is a subgroup's part of a query's result: what its sums are
// multiplied by.
float m16_share() {
    if (m16_side() == 0) stats[gl_SubgroupID * QUERIES + m16_query()] = vec2(row_top, row_sum);
    barrier();
    float top = NOTHING, sum = 0;
    [[unroll]] for (uint s = 0; s < SPLIT_K; s++) top = max(top, stats[s * QUERIES + m16_query()].x);
    if (top == NOTHING) return 0;
    [[unroll]] for (uint s = 0; s < SPLIT_K; s++) {
        const vec2 stat = stats[s * QUERIES + m16_query()];
        sum = fma(exp(stat.x - top), stat.y, sum);
    }
    return exp(row_top - top) / sum;
}
