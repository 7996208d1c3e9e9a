// Included after attention/rope_rotated.glsl, kv_round.glsl and attention/cache.glsl.

// store_kv_row stores the new key, or the new value, if it stores, and makes of it what
// the cache keeps: head[which * D] on, a subgroup each, which 0 and 1.
void store_kv_row(uint which, uint g, uint index, bool stores) {
    subgroup_sync();
    kv_rounded(cache_row(which == 0 ? k_cache : v_cache, index, KV_HEADS * D), g * D, which * D, stores);
}
