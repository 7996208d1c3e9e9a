// Attention of a group of query heads over tiles of up to TILE positions, by
// one workgroup, with running maxima (Milakov and Gimelshein, arXiv 1805.02867).
// An invocation multiplies a position's key, or a part of it, with the queries
// of all heads; and a pair of heads' weights with eight elements of values, for
// every SUMSth position. Included after attention/rope_head.glsl, attention/cache.glsl and the
// push constants.

const uint PAIRS = (GROUP + 1) / 2, RUNS = D / 8;
const uint SUMS = gl_WorkGroupSize.x < 2 * PAIRS * RUNS ? 1 : gl_WorkGroupSize.x / (PAIRS * RUNS);
const uint PARTS = gl_WorkGroupSize.x < 2 * TILE ? 1 : 2;
const uint RUN_PREFETCH = 2; // half a head is a multiple of 16 elements
shared float scores[PARTS * GROUP * TILE];
shared uint place[TILE];
shared vec4 sums[SUMS * 2 * PAIRS * D / 4];
shared float largest[GROUP], total[GROUP], fade[GROUP];

const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity

// tile_places looks up where positions t .. t + n - 1 lie in the cache.
void tile_places(U32 step, uint pages, uint t, uint n, uint page_size) {
    for (uint i = gl_LocalInvocationID.x; i < n; i += gl_WorkGroupSize.x) place[i] = cache_index(step, pages, t + i, page_size);
}

// tile_begin clears the sums and looks up the first tile.
void tile_begin(U32 step, uint pages, uint t, uint n, uint page_size) {
    tile_places(step, pages, t, n, page_size);
    for (uint i = gl_LocalInvocationID.x; i < SUMS * 2 * PAIRS * D / 4; i += gl_WorkGroupSize.x) sums[i] = vec4(0);
    for (uint h = gl_LocalInvocationID.x; h < GROUP; h += gl_WorkGroupSize.x) {
        largest[h] = NOTHING;
        total[h] = 0;
    }
}

// scores4 is a run's share of the scores of heads h .. h + 3.
vec4 scores4(uint h, uint run, vec4 lo, vec4 hi) {
    const uint q = 2 * run, last = GROUP - 1;
    const uvec4 at = uvec4(min(h, last), min(h + 1, last), min(h + 2, last), min(h + 3, last)) * (D / 4) + q;
    return vec4(dot(lo, query[at.x]) + dot(hi, query[at.x + 1]), dot(lo, query[at.y]) + dot(hi, query[at.y + 1]),
                dot(lo, query[at.z]) + dot(hi, query[at.z + 1]), dot(lo, query[at.w]) + dot(hi, query[at.w + 1]));
}

// tile_scores multiplies the keys of n positions with all queries.
void tile_scores(uint64_t k_cache, uint n, uint first) {
    for (uint w = gl_LocalInvocationID.x; w < PARTS * TILE; w += gl_WorkGroupSize.x) {
        const uint i = w % TILE, part = w / TILE;
        if (i >= n) continue;
        const uint64_t row = cache_row(k_cache, place[i], KV_HEADS * D);
        for (uint h = 0; h < GROUP; h += 8) {
            vec4 near = vec4(0), far = vec4(0); // heads h .. h + 3 and h + 4 .. h + 7
            for (uint j = 0; j < RUNS / PARTS; j += RUN_PREFETCH) {
                const uint run = part * (RUNS / PARTS) + j;
                vec4 lo[RUN_PREFETCH], hi[RUN_PREFETCH];
                [[unroll]] for (uint u = 0; u < RUN_PREFETCH; u++) kv_load8(row, first + 8 * (run + u), lo[u], hi[u]);
                [[unroll]] for (uint u = 0; u < RUN_PREFETCH; u++) {
                    near += scores4(h, run + u, lo[u], hi[u]);
                    if (h + 4 < GROUP) far += scores4(h + 4, run + u, lo[u], hi[u]);
                }
            }
            [[unroll]] for (uint u = 0; u < 4; u++) {
                if (h + u < GROUP) scores[(part * GROUP + h + u) * TILE + i] = near[u];
                if (h + 4 + u < GROUP) scores[(part * GROUP + h + 4 + u) * TILE + i] = far[u];
            }
        }
    }
}

// tile_softmax turns scores into exponentials against the running maximum.
void tile_softmax(uint n) {
    for (uint h = gl_SubgroupID; h < GROUP; h += gl_NumSubgroups) {
        float top = NOTHING, sum = 0;
        for (uint i = gl_SubgroupInvocationID; i < n; i += gl_SubgroupSize) {
            float s = scores[h * TILE + i];
            for (uint p = 1; p < PARTS; p++) s += scores[(p * GROUP + h) * TILE + i];
            scores[h * TILE + i] = s;
            top = max(top, s);
        }
        top = max(largest[h], subgroupMax(top));
        for (uint i = gl_SubgroupInvocationID; i < n; i += gl_SubgroupSize) {
            const float e = exp(scores[h * TILE + i] - top);
            scores[h * TILE + i] = e;
            sum += e;
        }
        sum = subgroupAdd(sum);
        if (gl_SubgroupInvocationID == 0) {
            fade[h] = exp(largest[h] - top);
            total[h] = total[h] * fade[h] + sum;
            largest[h] = top;
        }
    }
}

// tile_values adds the weighted values.
void tile_values(uint64_t v_cache, uint n, uint first) {
    for (uint w = gl_LocalInvocationID.x; w < SUMS * PAIRS * RUNS; w += gl_WorkGroupSize.x) {
        const uint run = w % RUNS, pair = w / RUNS % PAIRS, share = w / (RUNS * PAIRS);
        const uint a = 2 * pair, b = min(a + 1, GROUP - 1);
        vec4 al = vec4(0), ah = vec4(0), bl = vec4(0), bh = vec4(0);
        for (uint i = share; i < n; i += 8 * SUMS) {
            vec4 lo[8], hi[8]; // loaded ahead of their use
            [[unroll]] for (uint j = 0; j < 8; j++) kv_load8(cache_row(v_cache, place[min(i + j * SUMS, n - 1)], KV_HEADS * D), first + 8 * run, lo[j], hi[j]);
            [[unroll]] for (uint j = 0; j < 8; j++) {
                const uint p = min(i + j * SUMS, n - 1);
                const bool in_tile = i + j * SUMS < n;
                const float x = in_tile ? scores[a * TILE + p] : 0, y = in_tile ? scores[b * TILE + p] : 0;
                al = fma(vec4(x), lo[j], al);
                ah = fma(vec4(x), hi[j], ah);
                bl = fma(vec4(y), lo[j], bl);
                bh = fma(vec4(y), hi[j], bh);
            }
        }
        const uint at_a = (share * 2 * PAIRS + a) * (D / 4) + 2 * run, at_b = at_a + D / 4;
        sums[at_a] = fma(sums[at_a], vec4(fade[a]), al);
        sums[at_a + 1] = fma(sums[at_a + 1], vec4(fade[a]), ah);
        sums[at_b] = fma(sums[at_b], vec4(fade[b]), bl);
        sums[at_b + 1] = fma(sums[at_b + 1], vec4(fade[b]), bh);
    }
}

// tile_add adds positions t .. t + n - 1, whose places are known for the first
// tile.
void tile_add(uint64_t k_cache, uint64_t v_cache, uint pages, uint t, uint n, uint first, bool known) {
    if (!known) {
        barrier();
        tile_places(step, pages, t, n, page_size);
        barrier();
    }
    tile_scores(k_cache, n, first);
    barrier();
    tile_softmax(n);
    barrier();
    tile_values(v_cache, n, first);
}

// tile_sum is four elements of the group's sums.
vec4 tile_sum(uint i) {
    vec4 s = vec4(0);
    for (uint j = 0; j < SUMS; j++) s += sums[j * 2 * PAIRS * (D / 4) + i];
    return s;
}
