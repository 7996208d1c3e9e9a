// Attention for a tile of FLASH_ROWS queries, by 128 invocations: those of the
// heads of one kv head for as many rows as that makes, or, where their number
// divides no tile, of one head. Keys and values pass through shared memory as
// halves, FLASH_TILE positions at a time, with running maxima and sums (Dao, flash-attention 2, arXiv 2307.08691).
// An invocation looks after half of a query's scores; neighbours share a query.
// Included after kv.glsl, kv_f16.glsl, attention/cache.glsl and the push constants;
// then comes attention/flash_fma.glsl, which multiplies; by matrix units: attention/flash_coopmat.glsl.
const uint FLASH_ROWS = 64, EIGHTS = D / 8;
const uint KV_PITCH = EIGHTS + 1, SCORE_PITCH = FLASH_TILE / 4 + 2, WEIGHT_PITCH = FLASH_TILE / 8 + 1; // in sixteen bytes
const uint LOADS = FLASH_TILE * EIGHTS / 128;
const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity

shared uvec4 kv_tile[FLASH_TILE * KV_PITCH];
shared uvec4 score_tile[FLASH_ROWS * SCORE_PITCH];
shared uint place[FLASH_TILE];
shared uint row_end[FLASH_ROWS];   // how many positions a row sees
shared uint row_pages[FLASH_ROWS]; // of its sequence

uvec4 next_kv[LOADS];
float row_top, row_sum;

uint flash_row() { return gl_LocalInvocationID.x >> 1; }
// The scores of a subgroup's sixteen rows, later their weights.
uint flash_mine() { return (flash_row() & ~15u) * SCORE_PITCH; }

void flash_places(uint pages, uint t, uint last) {
    if (gl_LocalInvocationID.x < FLASH_TILE)
        place[gl_LocalInvocationID.x] = cache_index(step, pages, min(t + gl_LocalInvocationID.x, last - 1), page_size);
}

void flash_load(uint64_t cache, uint first) {
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        const uint e = gl_LocalInvocationID.x + 128 * i;
        next_kv[i] = kv_half8(cache_row(cache, place[e / EIGHTS], kv_heads * D), first + 8 * (e % EIGHTS));
    }
}

void flash_store() {
    [[unroll]] for (uint i = 0; i < LOADS; i++) {
        const uint e = gl_LocalInvocationID.x + 128 * i;
        kv_tile[e / EIGHTS * KV_PITCH + e % EIGHTS] = next_kv[i];
    }
}
