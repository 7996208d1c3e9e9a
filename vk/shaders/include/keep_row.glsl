// Included after rope_turned.glsl, kv_settle.glsl and cache.glsl.

// keep_row stores the new key, or the new value, if it stores, and makes of it what
// the cache keeps: head[which * D] on, a subgroup each, which 0 and 1.
void keep_row(uint which, uint g, uint index, bool stores) {
    subgroup_sync();
    kv_keep(cache_row(which == 0 ? k_cache : v_cache, index, KV_HEADS * D), g * D, which * D, stores);
}
