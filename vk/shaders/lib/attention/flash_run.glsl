// The loop of attention/flash.glsl over positions. Included after what multiplies:
// flash_sync, flash_scores, flash_fade(fade) and flash_values.

// flash_softmax turns the scores of positions t on into weights against the
// running maximum, and returns what earlier sums fade by.
float flash_softmax(uint t) {
    const uint row = flash_row(), side = gl_LocalInvocationID.x & 1, from = row * SCORE_PITCH, end = row_end[row];
    vec4 s[FLASH_TILE / 8];
    float top = row_top;
    [[unroll]] for (uint i = 0; i < FLASH_TILE / 8; i++) {
        const uint at = 2 * i + side;
        s[i] = scale * uintBitsToFloat(score_tile[from + at]);
        [[unroll]] for (uint j = 0; j < 4; j++) s[i][j] = t + 4 * at + j < end ? s[i][j] : NOTHING;
        top = max(top, max(max(s[i].x, s[i].y), max(s[i].z, s[i].w)));
    }
    top = max(top, subgroupShuffleXor(top, 1));
    const float against = top == NOTHING ? 0.0 : top, fade = exp(row_top - against);
    vec4 sum = vec4(0);
    flash_sync();
    [[unroll]] for (uint i = 0; i < FLASH_TILE / 8; i++) {
        const vec4 e = exp(s[i] - against);
        const uvec2 h = uvec2(packHalf2x16(e.xy), packHalf2x16(e.zw));
        const uint to = flash_mine() + (row & 15) * WEIGHT_PITCH + i;
        if (side == 0)
            score_tile[to].xy = h;
        else
            score_tile[to].zw = h;
        sum += e;
    }
    float both = (sum.x + sum.y) + (sum.z + sum.w);
    both += subgroupShuffleXor(both, 1);
    row_sum = row_sum * fade + both;
    row_top = top;
    flash_sync();
    return fade;
}

// flash_run adds the positions before last of one sequence.
void flash_run(uint pages, uint last, uint first) {
    flash_places(pages, 0, last);
    barrier();
    flash_load(k_cache, first);
    for (uint t = 0; t < last; t += FLASH_TILE) {
        barrier();
        flash_store();
        barrier();
        flash_load(v_cache, first);
        flash_scores();
        flash_fade(flash_softmax(t));
        barrier();
        flash_store();
        if (t + FLASH_TILE < last) flash_places(pages, t + FLASH_TILE, last);
        barrier();
        if (t + FLASH_TILE < last) flash_load(k_cache, first);
        flash_values();
    }
}
