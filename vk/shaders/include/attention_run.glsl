// A run of positions in registers: of RUN positions a subgroup has EACH, whose keys and
// values its invocations hold. Included after rope_turned.glsl, cache.glsl and views of
// the cache that see what the workgroup itself stored; the subgroup has 32 invocations,
// D is 64 or 128, PAGE a multiple of EACH.

// Positions 8 t + lane / 4 of the subgroup's at [4 t], eight elements in four from
// lane % 4 on; and of each position's values 2 PAIR elements.
uvec4 keys[8];
uvec2 values[EACH];

// run_load fetches the subgroup's positions of the run from t on, as far as last;
// behind it the one before comes again.
void run_load(uint pages, uint t, uint last, uint g) {
    const uint first = t + same(gl_SubgroupID) * EACH;
    if (first >= last) return;
    const uint row = cache_index(step, pages, first, PAGE), most = last - 1 - first;
    const uint64_t key = k_cache + g * D * KV_BYTES, value = v_cache + (g * D + lane() * 2 * PAIR) * KV_BYTES;
    [[unroll]] for (uint i = 0; i < 2; i++) {
        Cache4 from = Cache4(cache_row(key, row + min(8 * i + lane() / 4, most), KV_HEADS * D));
        [[unroll]] for (uint j = 0; j < 4; j++)
            if (j < RUNS) keys[4 * i + j] = from.v[4 * j + lane() % 4];
    }
    [[unroll]] for (uint i = 0; i < EACH; i++) {
        const uint64_t from = cache_row(value, row + min(i, most), KV_HEADS * D);
        if (PAIR == 2) values[i] = Cache2(from).v[0];
        else values[i].x = Cache1(from).v[0];
    }
}
