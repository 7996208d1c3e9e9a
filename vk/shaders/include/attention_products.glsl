// The products of attention_matrix.glsl, included after it: four subgroups
// multiply sixteen positions' keys each with all queries, a subgroup turns a
// head's scores into weights, and each multiplies all weights with sixteen
// elements of the values. Running maxima as in Milakov and Gimelshein, arXiv
// 1805.02867.

HALVES_A queries[8];
SUMS sums;
float top, total; // of the head that the subgroup weighs

// matrix_scores multiplies sixteen positions' keys.
void matrix_scores() {
    SUMS s = NO_SUMS;
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= STEPS) break;
        HALVES_B key;
        LOAD_B(key, key_tile, 16 * gl_SubgroupID * PITCH + 2 * j, PITCH, COLUMNS)
        MULTIPLY(s, queries[j], key)
    }
    STORE_SUMS(s, score_tile, 4 * gl_SubgroupID, SCORE_PITCH)
}

float score_at(uint row, uint p) { return uintBitsToFloat(score_tile[row * SCORE_PITCH + p / 4][p & 3]); }

// matrix_weigh turns head h's scores of count positions into weights, as halves
// in the same place. Rows of no head stay as they are: scores of zeros.
void matrix_weigh(uint h, uint count) {
    vec2 s[4]; // TILE / 2 / SUB is at most 4
    float largest = top;
    [[unroll]] for (uint j = 0; j < 4; j++) {
        if (j >= TILE / 2 / SUB) break;
        const uint p = 2 * (gl_SubgroupInvocationID + j * SUB);
        s[j] = vec2(score_at(h, p) + score_at(h + 8, p), score_at(h, p + 1) + score_at(h + 8, p + 1)) * query_scale[h];
        s[j] = vec2(p < count ? s[j].x : NOTHING, p + 1 < count ? s[j].y : NOTHING);
        largest = max(largest, max(s[j].x, s[j].y));
    }
    subgroup_sync(); // all scores are read; weights take their place
    largest = subgroupMax(largest);
    const float fade = exp(top - largest);
    top = largest;
    float sum = 0;
    [[unroll]] for (uint j = 0; j < 4; j++) {
        if (j >= TILE / 2 / SUB) break;
        const uint i = gl_SubgroupInvocationID + j * SUB;
        const vec2 e = exp(s[j] - top);
        const uvec2 w = parts(e * WEIGHT_SCALE);
        score_tile[h * SCORE_PITCH + i / 4][i & 3] = w.x;
        score_tile[(h + 8) * SCORE_PITCH + i / 4][i & 3] = w.y;
        sum += e.x + e.y;
    }
    total = total * fade + subgroupAdd(sum);
    for (uint i = gl_SubgroupInvocationID; i < 8; i += SUB)
        query_tile[4 * (i < 4 ? h : h + 8) + (i & 3)] = uvec4(floatBitsToUint(fade));
}

// matrix_values adds count positions' weighted values.
void matrix_values(bool fades, uint count) {
    if (fades) {
        SUMS f;
        LOAD_SUMS(f, query_tile, 0, 4)
        SCALE(sums, f)
    }
    [[unroll]] for (uint j = 0; j < TILE / 16; j++) {
        if (16 * j >= count) break;
        HALVES_A x;
        HALVES_B value;
        LOAD_A(x, score_tile, 2 * j, SCORE_PITCH, ROWS)
        LOAD_B(value, value_tile, 16 * j * PITCH + 2 * gl_SubgroupID, PITCH, ROWS)
        MULTIPLY(sums, x, value)
    }
}

// matrix_run adds positions first .. end - 1, the last of which may be the new
// one. The first tile is in shared memory, the second one is being loaded.
void matrix_run(uint pages, uint first, uint end, uint position, uint g) {
    const uint last = min(end, position), w = same(gl_SubgroupID);
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= STEPS) break;
        LOAD_A(queries[j], query_tile, 2 * j, PITCH, ROWS)
    }
    sums = NO_SUMS;
    top = NOTHING;
    total = 0;
    for (uint t = first; t < end; t += TILE) {
        const uint count = min(TILE, end - t);
        if (t > first) {
            barrier();
            tile_store(t, position);
            if (w < 2 && position < end && position - t < TILE) stage_new(w, position - t);
            if (t + TILE < end) tile_load(pages, t + TILE, last, g);
            touch_see();
            if (t + 2 * TILE < end) touch(pages, t + 2 * TILE, last, g);
            barrier();
        }
        if (16 * w < count) matrix_scores();
        barrier();
        if (w < GROUP) matrix_weigh(w, count);
        barrier();
        if (w < STEPS) matrix_values(t > first, count);
    }
    barrier();
    if (w < STEPS) STORE_SUMS(sums, key_tile, 4 * w, SUM_PITCH)
    if (w < GROUP && gl_SubgroupInvocationID == 0) stats[w] = vec2(top, position == 0xffffffffu ? float(touched) : total);
}

// slot_sum is four elements of the workgroup's sums, i counting them, and their
// head's largest score and total.
vec4 slot_sum(uint i, out vec2 stat) {
    const uint h = i / (D / 4), c = i % (D / 4);
    stat = stats[h];
    return (uintBitsToFloat(key_tile[h * SUM_PITCH + c]) + uintBitsToFloat(key_tile[(h + 8) * SUM_PITCH + c])) / WEIGHT_SCALE;
}
