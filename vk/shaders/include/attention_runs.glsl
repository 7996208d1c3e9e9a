// Attention of a group of query heads over the positions of a slot, by WARPS
// subgroups that share nothing until the end (Milakov and Gimelshein, arXiv
// 1805.02867). A lane has a run of eight elements: LANES lanes have a position, a
// subgroup ABREAST positions at a time, and two of those are a chunk. Two chunks'
// keys and values are under way while one is worked on. A lane has its elements
// of all queries and of all sums in registers. The loop over chunks is kept
// short: a device fetches instructions slowly. Included after kv_run.glsl,
// cache.glsl, rope_turned.glsl and the push constants.

const uint LANES = D / 8, ABREAST = SUB / LANES, CHUNK = 2 * ABREAST; // of 32 lanes, 4 or 8 positions
const uint WIDE = GROUP <= 1 ? 1 : GROUP <= 2 ? 2 : GROUP <= 4 ? 4 : 8; // heads, filled up
const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity
shared vec4 sums[WARPS * GROUP * D / 4];
shared vec2 stats[WARPS * WIDE]; // each head's largest score and total weight

struct Chunk { KVRun key, next_key, value, next_value; };
Chunk now, soon, later;
vec4 query_lo[8], query_hi[8], sum_lo[8], sum_hi[8];
float top, total; // of the lane's own head

uint unit() { return lane() % LANES; }
uint abreast() { return lane() / LANES; }
// After split_heads a lane has the head own_head(); head h is at lane_of(h).
uint own_head() { return unit() / (LANES / WIDE); }
uint lane_of(uint h) { return lane() - unit() + h * (LANES / WIDE); }

// chunk_load loads the chunk whose first position is p, or the last one before
// last; as CHUNK divides the page size, its rows lie side by side.
Chunk chunk_load(uint pages, uint p, uint last, uint g) {
    const uint row = cache_index(step, pages, min(p, (last - 1) / CHUNK * CHUNK), PAGE) + abreast(), e = g * D + 8 * unit();
    const uint64_t k0 = cache_row(k_cache, row, KV_HEADS * D), k1 = cache_row(k_cache, row + ABREAST, KV_HEADS * D);
    const uint64_t v0 = cache_row(v_cache, row, KV_HEADS * D), v1 = cache_row(v_cache, row + ABREAST, KV_HEADS * D);
    return Chunk(kv_run(k0, e), kv_run(k1, e), kv_run(v0, e), kv_run(v1, e));
}

// runs_ahead loads the subgroup's first chunks.
void runs_ahead(uint pages, uint first, uint last, uint g) {
    if (first >= last) return;
    const uint p = first + gl_SubgroupID * CHUNK;
    now = chunk_load(pages, p, last, g);
    soon = chunk_load(pages, p + WARPS * CHUNK, last, g);
    later = chunk_load(pages, p + 2 * WARPS * CHUNK, last, g);
}

// runs_begin takes the queries, which lie in query, and clears the sums.
void runs_begin() {
    [[unroll]] for (uint h = 0; h < 8; h++) {
        query_lo[h] = h < GROUP ? query[h * (D / 4) + 2 * unit()] : vec4(0);
        query_hi[h] = h < GROUP ? query[h * (D / 4) + 2 * unit() + 1] : vec4(0);
        sum_lo[h] = vec4(0);
        sum_hi[h] = vec4(0);
    }
    top = NOTHING;
    total = 0;
}

#define HALVE(n, mask) { \
    const bool upper = (lane() & (mask)) != 0; \
    [[unroll]] for (uint j = 0; j < n; j++) { \
        const float mine = upper ? s[j + n] : s[j], other = upper ? s[j] : s[j + n]; \
        s[j] = mine + subgroupShuffleXor(other, mask); \
    } }

// score is the score of the lane's position for its own head.
float score(vec4 lo, vec4 hi) {
    float s[8];
    [[unroll]] for (uint h = 0; h < 8; h++) s[h] = h < GROUP ? dot(lo, query_lo[h]) + dot(hi, query_hi[h]) : 0.0;
    if (WIDE == 8) HALVE(4, LANES / 2)
    if (WIDE >= 4) HALVE(2, LANES * 2 / WIDE)
    if (WIDE >= 2) HALVE(1, LANES / WIDE)
    [[unroll]] for (uint mask = LANES / WIDE / 2; mask > 0; mask /= 2) s[0] += subgroupShuffleXor(s[0], mask);
    return s[0];
}

// add_value adds a position's values, e being its weight for the lane's own head.
void add_value(float e, vec4 lo, vec4 hi) {
    [[unroll]] for (uint h = 0; h < 8; h++) {
        if (h >= GROUP) break;
        const vec4 x = vec4(subgroupShuffle(e, lane_of(h)));
        sum_lo[h] = fma(x, lo, sum_lo[h]);
        sum_hi[h] = fma(x, hi, sum_hi[h]);
    }
}

// run_position adds the new position, which lies in head.
void run_position() {
    const uint i = 8 * unit();
    top = score(vec4(head[i], head[i + 1], head[i + 2], head[i + 3]), vec4(head[i + 4], head[i + 5], head[i + 6], head[i + 7]));
    if (abreast() != 0) return;
    total = 1;
    [[unroll]] for (uint h = 0; h < 8; h++) {
        if (h >= GROUP) break;
        sum_lo[h] = vec4(head[D + i], head[D + i + 1], head[D + i + 2], head[D + i + 3]);
        sum_hi[h] = vec4(head[D + i + 4], head[D + i + 5], head[D + i + 6], head[D + i + 7]);
    }
}

// fade_to makes higher the maximum that the sums are against.
void fade_to(float higher) {
    if (subgroupOr(higher > top ? 1u : 0u) == 0) return;
    const float f = exp(top - higher);
    top = higher;
    total *= f;
    [[unroll]] for (uint h = 0; h < 8; h++) {
        if (h >= GROUP) break;
        const float x = subgroupShuffle(f, lane_of(h));
        sum_lo[h] *= x;
        sum_hi[h] *= x;
    }
}

float score_of(KVRun key, bool valid) {
    vec4 lo, hi;
    kv_run_get(key, lo, hi);
    const float s = score(lo, hi);
    return valid ? s : NOTHING;
}

void add_run(KVRun value, float e, bool valid) {
    vec4 lo, hi;
    kv_run_get(value, lo, hi);
    if (!valid) lo = hi = vec4(0); // what was never stored could be NaN
    total += e;
    add_value(e, lo, hi);
}

// runs_add adds the subgroup's positions among first .. last - 1.
void runs_add(uint pages, uint first, uint last, uint g) {
    [[dont_unroll]] for (uint p = first + gl_SubgroupID * CHUNK; p < last; p += WARPS * CHUNK) {
        const bool a = p + abreast() < last, b = p + abreast() + ABREAST < last;
        const float s = score_of(now.key, a), t = score_of(now.next_key, b);
        float largest = max(s, t);
        [[unroll]] for (uint mask = LANES; mask < SUB; mask *= 2) largest = max(largest, subgroupShuffleXor(largest, mask));
        fade_to(max(top, largest));
        add_run(now.value, exp(s - top), a);
        add_run(now.next_value, exp(t - top), b);
        now = soon;
        soon = later;
        later = chunk_load(pages, p + 3 * WARPS * CHUNK, last, g);
    }
}

// runs_end leaves the subgroup's sums, maxima and totals in shared memory.
void runs_end() {
    [[unroll]] for (uint mask = LANES; mask < SUB; mask *= 2) {
        total += subgroupShuffleXor(total, mask);
        [[unroll]] for (uint h = 0; h < 8; h++) {
            if (h >= GROUP) break;
            sum_lo[h] += subgroupShuffleXor(sum_lo[h], mask);
            sum_hi[h] += subgroupShuffleXor(sum_hi[h], mask);
        }
    }
    if (abreast() == 0 && unit() % (LANES / WIDE) == 0) stats[gl_SubgroupID * WIDE + own_head()] = vec2(top, total);
    [[unroll]] for (uint h = 0; h < 8; h++) {
        if (h >= GROUP) break;
        const uint at = (gl_SubgroupID * GROUP + h) * (D / 4) + 2 * unit();
        if (h % ABREAST == abreast()) {
            sums[at] = sum_lo[h];
            sums[at + 1] = sum_hi[h];
        }
    }
}

// runs_sum is four elements of the workgroup's sums, i counting them, and their
// head's largest score and total.
vec4 runs_sum(uint i, out vec2 stat) {
    const uint h = i / (D / 4);
    stat = vec2(NOTHING, 0);
    [[unroll]] for (uint w = 0; w < WARPS; w++) stat.x = max(stat.x, stats[w * WIDE + h].x);
    vec4 sum = vec4(0);
    [[unroll]] for (uint w = 0; w < WARPS; w++) {
        const vec2 part = stats[w * WIDE + h];
        const float f = exp(part.x - stat.x);
        stat.y = fma(f, part.y, stat.y);
        sum = fma(vec4(f), sums[w * GROUP * (D / 4) + i], sum);
    }
    return sum;
}
