// The products of attention_matrix.glsl, included after it.

// matrix_scores multiplies the subgroup's keys, those of key_stage if staged.
void matrix_scores(bool staged) {
    SUMS s = NO_SUMS;
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= STEPS) break;
        HALVES_A x;
        LOAD_A(x, query_tile, 2 * j, PITCH, ROWS)
        if (staged) LOAD_B(keys[j], key_stage, 2 * j, PITCH, COLUMNS)
        MULTIPLY(s, x, keys[j])
    }
    STORE_SUMS(s, score_tile, 4 * gl_SubgroupID, SCORE_PITCH)
}

float score_at(uint row, uint p) { return score_tile[row * SCORE_PITCH + p / 4][p & 3]; }

// matrix_weigh turns head h's scores of count positions into weights.
void matrix_weigh(uint h, uint count) {
    vec2 s[8]; // TILE / 2 / SUB is at most 8
    float largest = top;
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= TILE / 2 / SUB) break;
        const uint p = 2 * (lane() + j * SUB);
        s[j] = vec2(score_at(h, p) + score_at(h + 8, p), score_at(h, p + 1) + score_at(h + 8, p + 1)) * query_scale[h];
        s[j] = vec2(p < count ? s[j].x : NOTHING, p + 1 < count ? s[j].y : NOTHING);
        largest = max(largest, max(s[j].x, s[j].y));
    }
    largest = subgroupMax(largest);
    const float fade = exp(top - largest);
    top = largest;
    float sum = 0;
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= TILE / 2 / SUB) break;
        const uint i = lane() + j * SUB;
        const vec2 e = exp(s[j] - top);
        const uvec2 w = parts(e * WEIGHT_SCALE);
        weight_tile[h * WEIGHT_PITCH + i / 4][i & 3] = w.x;
        weight_tile[(h + 8) * WEIGHT_PITCH + i / 4][i & 3] = w.y;
        sum += e.x + e.y;
    }
    total = total * fade + subgroupAdd(sum);
    for (uint i = lane(); i < 8; i += SUB) fade_tile[4 * (i < 4 ? h : h + 8) + (i & 3)] = vec4(fade);
}

// matrix_values adds count positions' weighted values; of the sixteen staged
// they lie in value_stage.
void matrix_values(bool fades, uint count, uint staged) {
    if (gl_SubgroupID >= STEPS) return;
    if (fades) {
        SUMS f;
        LOAD_SUMS(f, fade_tile, 0, 4)
        SCALE(sums, f)
    }
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (16 * j >= count) break;
        HALVES_A x;
        LOAD_A(x, weight_tile, 2 * j, WEIGHT_PITCH, ROWS)
        if (j == staged) LOAD_B(values[j], value_stage, 2 * gl_SubgroupID, PITCH, ROWS)
        MULTIPLY(sums, x, values[j])
    }
}

// matrix_run adds positions first .. end - 1, the last of which may be the new
// one. Keys and values of the first tile are loaded.
void matrix_run(uint pages, uint first, uint end, uint position, uint g) {
    const uint last = min(end, position);
    sums = NO_SUMS;
    for (uint i = gl_LocalInvocationID.x; i < 64; i += gl_WorkGroupSize.x) fade_tile[i] = vec4(0);
    for (uint t = first; t < end; t += TILE) {
        const uint count = min(TILE, end - t), staged = end > position ? (position - t) / 16 : WARPS; // at most WARPS matters
        if (16 * gl_SubgroupID < count) matrix_scores(gl_SubgroupID == staged);
        if (t + TILE < end) load_keys(pages, t + TILE, last, g);
        barrier();
        if (gl_SubgroupID < GROUP) matrix_weigh(gl_SubgroupID, count);
        barrier();
        matrix_values(t > first, count, staged);
        if (t + TILE < end) load_values(pages, t + TILE, last, g);
    }
    if (gl_SubgroupID < STEPS) STORE_SUMS(sums, score_tile, 4 * gl_SubgroupID, SCORE_PITCH)
    if (gl_SubgroupID < GROUP && lane() == 0) stats[gl_SubgroupID] = vec2(top, total);
}

// slot_sum is four elements of the workgroup's sums, i counting them, and their
// head's largest score and total.
vec4 slot_sum(uint i, out vec2 stat) {
    const uint h = i / (D / 4), c = i % (D / 4);
    stat = stats[h];
    return (score_tile[h * SCORE_PITCH + c] + score_tile[(h + 8) * SCORE_PITCH + c]) / WEIGHT_SCALE;
}
