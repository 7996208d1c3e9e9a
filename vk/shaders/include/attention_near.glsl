// Attention of a row with few positions: a workgroup takes a query head. Each
// subgroup takes NEAR_EACH positions, whose keys and values it loads before the
// new row is known; the last one also takes the new position. There are no tiles
// to pass through shared memory and little code to fetch, which is what counts
// here. Sums are float32. Included after attention_matrix.glsl, whose shared
// memory it uses, rope_turned.glsl and keep_row; the subgroup has 32 invocations, D is 64
// or 128, PAGE a multiple of NEAR_EACH.
const uint NEAR = 128, NEAR_EACH = NEAR / WARPS, NEAR_RUNS = D / 32, NEAR_PAIRS = D / 64;

// Positions 8 t + lane / 4 of the subgroup's at [4 t], eight elements in four
// from lane % 4 on; and of each position's values 2 NEAR_PAIRS elements.
uvec4 near_keys[8];
uint near_values[2 * NEAR_EACH];

// near_load fetches the subgroup's earlier positions.
void near_load(uint pages, uint position, uint g) {
    const uint first = same(gl_SubgroupID) * NEAR_EACH, row = cache_index(step, pages, min(first, position), PAGE);
    [[unroll]] for (uint t = 0; t < 2; t++) {
        const uint i = 8 * t + lane() / 4;
        const uint64_t from = cache_row(k_cache, row + i, KV_HEADS * D) + g * D * KV_BYTES;
        [[unroll]] for (uint j = 0; j < 4; j++) {
            if (j >= NEAR_RUNS) break;
            near_keys[4 * t + j] = uvec4(0);
            if (first + i < position) near_keys[4 * t + j] = U32x4(from).v[4 * j + lane() % 4];
        }
    }
    [[unroll]] for (uint i = 0; i < NEAR_EACH; i++) {
        const uint64_t from = cache_row(v_cache, row + i, KV_HEADS * D) + g * D * KV_BYTES;
        [[unroll]] for (uint j = 0; j < 2; j++) {
            if (j >= NEAR_PAIRS) break;
            near_values[2 * i + j] = 0;
            if (first + i < position) near_values[2 * i + j] = U32(from).v[lane() * NEAR_PAIRS + j];
        }
    }
}

// near_dot multiplies eight elements of a key with the query's from i on.
float near_dot(uvec4 key, uint i) {
    const vec4 a = uintBitsToFloat(score_tile[i / 4]), b = uintBitsToFloat(score_tile[i / 4 + 1]);
    return dot(vec4(unpackHalf2x16(key.x), unpackHalf2x16(key.y)), a) + dot(vec4(unpackHalf2x16(key.z), unpackHalf2x16(key.w)), b);
}

// near_new is the new position's score.
float near_new() {
    float sum = 0;
    for (uint i = lane(); i < D; i += SUB) sum += query_at(i) * head[i];
    return subgroupAdd(sum);
}

// near_weigh leaves the subgroup's sums in key_tile, with its largest score and
// total weight in stats.
void near_weigh(uint position) {
    const uint w = same(gl_SubgroupID);
    const bool last = w == WARPS - 1;
    float score[2], extra = last ? near_new() : NOTHING, most = extra;
    [[unroll]] for (uint t = 0; t < 2; t++) {
        float sum = 0;
        [[unroll]] for (uint j = 0; j < 4; j++)
            if (j < NEAR_RUNS) sum += near_dot(near_keys[4 * t + j], 8 * (4 * j + lane() % 4));
        sum += subgroupShuffleXor(sum, 1);
        sum += subgroupShuffleXor(sum, 2);
        score[t] = w * NEAR_EACH + 8 * t + lane() / 4 < position ? sum : NOTHING;
        most = max(most, score[t]);
    }
    most = subgroupMax(most);
    float weight[2];
    [[unroll]] for (uint t = 0; t < 2; t++) weight[t] = score[t] > NOTHING ? exp(score[t] - most) : 0;
    extra = last ? exp(extra - most) : 0;
    const float sum = subgroupAdd((lane() & 3) == 0 ? weight[0] + weight[1] : 0) + extra;
    vec4 out4 = vec4(0);
    [[unroll]] for (uint i = 0; i < NEAR_EACH; i++) {
        const float f = subgroupShuffle(weight[i / 8], 4 * (i & 7));
        out4 += f * vec4(unpackHalf2x16(near_values[2 * i]), NEAR_PAIRS > 1 ? unpackHalf2x16(near_values[2 * i + 1]) : vec2(0));
    }
    const uint c = 2 * NEAR_PAIRS * lane();
    [[unroll]] for (uint j = 0; j < 4; j++) {
        if (j >= 2 * NEAR_PAIRS) break;
        if (last) out4[j] += extra * head[D + c + j];
        key_tile[w * (D / 4) + (c + j) / 4][(c + j) & 3] = floatBitsToUint(out4[j]);
    }
    if (lane() == 0) stats[w] = vec2(most, sum);
}

// near_put adds up what the subgroups left, a lane having each one's share.
void near_put(uint64_t out_row) {
    const vec2 left = lane() < WARPS ? stats[lane()] : vec2(NOTHING, 0);
    const float e = exp(left.x - subgroupMax(left.x)), share = e / subgroupAdd(e * left.y);
    for (uint i = gl_LocalInvocationID.x; i < D; i += gl_WorkGroupSize.x) {
        float sum = 0;
        for (uint w = 0; w < WARPS; w++) sum = fma(subgroupShuffle(share, w), uintBitsToFloat(key_tile[w * (D / 4) + i / 4][i & 3]), sum);
        PutF32(out_row).v[i] = sum;
    }
}

// near_take makes the query of a head, the new key and the new value, a subgroup
// each; stores tells whether they go to the cache.
void near_take(uint r, uint g, uint h, bool stores, uint index) {
    const uint w = same(gl_SubgroupID), m = ROPE / 2;
    const uint64_t row = at(0, r, KV_HEADS * D) + g * D * 4;
    if (w < 2) {
        Turned t = rope_load(w == 0 ? q + at(0, r, HEADS * D) + (g * GROUP + h) * D * 4 : k + row, m);
        rope_turn(t, w * D, (w == 0 ? q_norm : k_norm) != 0, m, eps, w == 0 ? 1.0 / sqrt(float(D)) : 1.0);
        if (w == 0) rope_query(t, 0, m);
        else rope_key(t, m);
    } else if (w == 2) {
        for (uint i = lane(); i < D; i += SUB) head[D + i] = Act(v + row).v[i];
    }
    if (w == 1 || w == 2) keep_row(w - 1, g, index, stores);
}
