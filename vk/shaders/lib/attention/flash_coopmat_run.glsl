// The loop of attention/flash_coopmat.glsl over positions.

uint flash_place(uint pages, uint t, uint last) { return cache_index(step, pages, min(t, last - 1), page_size); }

// flash_softmax turns the scores of positions t on into weights against the
// running maximum, and returns what earlier sums fade by. The scale is positive.
// Scores are exponents of two. The next tile's scores are multiplied meanwhile.
float flash_softmax(uint t, uint least, uint end) {
    const uint from = flash_row() * SCORE_PITCH + 2 * flash_side(), at = t + 8 * flash_side();
    const float power = scale * 1.44269504088896341;
    vec4 a = uintBitsToFloat(score_tile[from]), b = uintBitsToFloat(score_tile[from + 1]);
    flash_scores();
    if (t + FLASH_TILE > least)
        [[unroll]] for (uint j = 0; j < 4; j++) {
            a[j] = at + j < end ? a[j] : NOTHING;
            b[j] = at + 4 + j < end ? b[j] : NOTHING;
        }
    const vec4 most = max(a, b);
    float top = max(max(most.x, most.y), max(most.z, most.w));
    top = max(top, subgroupShuffleXor(top, 1));
    top = max(top, subgroupShuffleXor(top, 2)) * power;
    const float fade = top > row_top + SHORT ? exp2(row_top - top) : 1.0;
    row_top = top > row_top + SHORT ? top : row_top;
    const float against = row_top == NOTHING ? 0.0 : -row_top;
    a = exp2(fma(a, vec4(power), vec4(against)));
    b = exp2(fma(b, vec4(power), vec4(against)));
    weight_tile[flash_row() * WEIGHT_PITCH + flash_side()] =
        uvec4(packHalf2x16(a.xy), packHalf2x16(a.zw), packHalf2x16(b.xy), packHalf2x16(b.zw));
    const vec4 sum = a + b;
    row_sum = fma(row_sum, fade, (sum.x + sum.y) + (sum.z + sum.w));
    return fade;
}

// flash_run adds the positions before last of one sequence.
void flash_run(uint pages, uint last, uint first) {
    const uint i = gl_LocalInvocationID.x, end = row_end[flash_row()], least = subgroupMin(end);
    if (i < 4 * FLASH_TILE) place[i] = flash_place(pages, i, last); // of tiles 0 to 3
    if (i < 2) fades[i] = 0;
    uint prefetched = flash_place(pages, 4 * FLASH_TILE + i % FLASH_TILE, last);
    barrier();
    FLASH_LOAD(next_k, k_cache, 0)
    FLASH_STORE(next_k, 0)
    FLASH_LOAD(next_k, k_cache, 1)
    FLASH_LOAD(next_v, v_cache, 0)
    barrier();
    flash_scores();
    flash_store_scores();
    barrier();
    FLASH_STORE(next_k, 0)
    FLASH_LOAD(next_k, k_cache, 2)
    for (uint n = 0; n * FLASH_TILE < last; n++) {
        // Now keys n + 1 and the scores of n are stored, and values n - 1 and
        // their weights no longer wanted.
        barrier();
        FLASH_STORE(next_v, 1)
        if (i < FLASH_TILE) {
            place[(n & 3) * FLASH_TILE + i] = prefetched;
            prefetched = flash_place(pages, (n + 5) * FLASH_TILE + i, last);
        }
        FLASH_LOAD(next_v, v_cache, n + 1)
        const float fade = flash_softmax(n * FLASH_TILE, least, end);
        if (fade < 1.0) fades[n & 1] = 1;
        barrier();
        // Now values n and their weights are stored, and keys n + 1 and the
        // scores of n no longer wanted.
        FLASH_STORE(next_k, 0)
        FLASH_LOAD(next_k, k_cache, n + 3)
        if (i == 0) fades[(n & 1) ^ 1] = 0;
        if (fades[n & 1] != 0) flash_factor(fade);
        flash_values();
        flash_store_scores();
    }
}
