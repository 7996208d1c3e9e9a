// Attention of a group of query heads over the positions of a slot, by WARPS
// subgroups that share nothing until the end (Milakov and Gimelshein, arXiv
// 1805.02867). A run of eight elements a lane: LANES lanes have a position, a
// subgroup ABREAST positions at a time and STEPS of those as a chunk, whose keys
// and values are loaded while the chunk before is worked on. A lane has its
// elements of all queries and of all sums in registers. Included after
// kv_run.glsl, cache.glsl, rope_turned.glsl and the push constants.

const uint LANES = D / 8, ABREAST = SUB / LANES, STEPS = LANES / 2, CHUNK = STEPS * ABREAST; // at most 16 positions
const uint WIDE = GROUP <= 1 ? 1 : GROUP <= 2 ? 2 : GROUP <= 4 ? 4 : 8; // heads, filled up
const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity
shared vec4 sums[WARPS * GROUP * D / 4];
shared vec2 stats[WARPS * WIDE]; // each head's largest score and total weight

KVRun keys[8], values[8];
vec4 query_lo[8], query_hi[8], sum_lo[8], sum_hi[8];
float top, total; // of the lane's own head

uint unit() { return lane() % LANES; }
uint abreast() { return lane() / LANES; }
// After split_heads a lane has the head own_head(); head h is at lane_of(h).
uint own_head() { return unit() / (LANES / WIDE); }
uint lane_of(uint h) { return lane() - unit() + h * (LANES / WIDE); }

// chunk_row is the cache row of position p, the first of a chunk: as CHUNK
// divides the page size, the chunk's rows follow it.
uint chunk_row(uint pages, uint p) { return cache_index(step, pages, p, PAGE) + abreast(); }

void load_keys(uint j, uint row, uint g) { keys[j] = kv_run(cache_row(k_cache, row + j * ABREAST, KV_HEADS * D), g * D + 8 * unit()); }
void load_values(uint j, uint row, uint g) { values[j] = kv_run(cache_row(v_cache, row + j * ABREAST, KV_HEADS * D), g * D + 8 * unit()); }

// runs_ahead loads the subgroup's first chunk.
void runs_ahead(uint pages, uint first, uint last, uint g) {
    const uint p = first + gl_SubgroupID * CHUNK;
    if (p >= last) return;
    const uint row = chunk_row(pages, p);
    [[unroll]] for (uint j = 0; j < 8; j++)
        if (j < STEPS) load_keys(j, row, g);
    [[unroll]] for (uint j = 0; j < 8; j++)
        if (j < STEPS) load_values(j, row, g);
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

// runs_add adds the subgroup's positions among first .. last - 1.
void runs_add(uint pages, uint first, uint last, uint g) {
    for (uint p = first + gl_SubgroupID * CHUNK; p < last; p += WARPS * CHUNK) {
        const uint after = p + WARPS * CHUNK;
        const bool more = after < last;
        uint row = 0;
        if (more) row = chunk_row(pages, after);
        float s[8], largest = NOTHING;
        [[unroll]] for (uint j = 0; j < 8; j++) {
            if (j >= STEPS) break;
            vec4 lo, hi;
            kv_run_get(keys[j], lo, hi);
            if (more) load_keys(j, row, g);
            s[j] = score(lo, hi);
            s[j] = p + abreast() + j * ABREAST < last ? s[j] : NOTHING;
            largest = max(largest, s[j]);
        }
        [[unroll]] for (uint mask = LANES; mask < SUB; mask *= 2) largest = max(largest, subgroupShuffleXor(largest, mask));
        fade_to(max(top, largest));
        [[unroll]] for (uint j = 0; j < 8; j++) {
            if (j >= STEPS) break;
            vec4 lo = vec4(0), hi = vec4(0); // what was never stored could be NaN
            if (p + abreast() + j * ABREAST < last) kv_run_get(values[j], lo, hi);
            if (more) load_values(j, row, g);
            s[j] = exp(s[j] - top);
            total += s[j];
            add_value(s[j], lo, hi);
        }
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
