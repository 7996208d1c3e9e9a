// Where a row's sequence lies in the kv cache: rows of width elements, found
// through the step's page lists. Included after the type's kv.glsl.

// cache_index is the cache row of a position, pages being the row's first entry
// in the page lists.
uint cache_index(U32 step, uint pages, uint position, uint page_size) {
    return step.v[step.v[STEP_PAGES_AT] + pages + position / page_size] * page_size + position % page_size;
}

uint64_t cache_row(uint64_t base, uint index, uint width) {
    return base + uint64_t(index) * (width / KV_BLOCK * KV_BYTES);
}
