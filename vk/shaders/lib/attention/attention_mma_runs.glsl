// The fetching of runs of sixteen positions, included after attention/attention_mma.glsl.
//
// Lane 4g + t has of keys the elements 32b + 8t .. 32b + 8t + 7, b = 0, 1, .., of
// positions g and g + 8 of the run; of values the elements 32b + 4g .. 32b + 4g + 3 of
// positions 2t, 2t + 1, 2t + 8, 2t + 9.
KV_KEYS keys[8];     // piece b of position g + 8i at [b + 4i]
KV_VALUES values[16]; // piece b of position_of(j) at [4b + j]
uvec2 key_scales[4], value_scales[4];

// keys_load fetches the keys of the run at position t, whose row of the cache is row,
// as far as last; behind it the last comes again.
void keys_load(uint row, uint t, uint last, uint g) {
    const uint most = last - 1 - t;
    [[unroll]] for (uint i = 0; i < 2; i++) {
        const uint64_t from = cache_row(k_cache, row + min(mma_g() + 8 * i, most), KV_HEADS * D);
        [[unroll]] for (uint b = 0; b < 4; b++)
            if (b < BLOCKS) keys[b + 4 * i] = kv_keys(from, g * D + 32 * b + 8 * mma_t());
    }
    [[unroll]] for (uint j = 0; j < 4; j++)
        if (KV_SCALED) key_scales[j] = kv_scales(cache_row(k_cache, row + min(position_of(j), most), KV_HEADS * D), g * D);
}

void values_load(uint row, uint t, uint last, uint g) {
    const uint most = last - 1 - t;
    [[unroll]] for (uint j = 0; j < 4; j++) {
        const uint64_t from = cache_row(v_cache, row + min(position_of(j), most), KV_HEADS * D);
        [[unroll]] for (uint b = 0; b < 4; b++)
            if (b < BLOCKS) values[4 * b + j] = kv_values(from, g * D + 32 * b + 4 * mma_g());
        if (KV_SCALED) value_scales[j] = kv_scales(from, g * D);
    }
}

float scale_at(uvec2 scales, uint b) { return half_float(scales[b >> 1] >> 16 * (b & 1)); }

// The runs of a subgroup and where the next one to be fetched lies.
uint run_row, run_prefetch;

// runs_begin fetches the first run, at position t.
void runs_begin(uint pages, uint t, uint last, uint g) {
    if (t >= last) return;
    run_row = cache_index(step, pages, t, PAGE);
    keys_load(run_row, t, last, g);
    values_load(run_row, t, last, g);
    run_prefetch = t + RUN < last ? cache_index(step, pages, t + RUN, PAGE) : 0;
}

