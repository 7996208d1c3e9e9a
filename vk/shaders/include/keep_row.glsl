// Included after rope_turned.glsl, kv_settle.glsl and cache.glsl. KEEP_LOOP is how the
// kernel wants the loop: for, or for that is not unrolled.

// keep_row stores the new key, or the new value, if it stores, and makes of it what
// the cache keeps: head[which * D] on, a subgroup each, which 0 and 1.
void keep_row(uint which, uint g, uint index, bool stores) {
    subgroup_sync();
    const uint64_t to = cache_row(which == 0 ? k_cache : v_cache, index, KV_HEADS * D);
    KEEP_LOOP (uint i = lane() * KV_RUN; i < D; i += SUB * KV_RUN) {
        if (stores) kv_store(to, g * D + i, which * D + i);
        kv_settle(which * D + i);
    }
}
