// Attention of a row with few positions: a workgroup takes a query head, so that nothing
// is left to be joined by another. Each subgroup takes a run of sixteen positions, whose
// keys and values it loads before the new row is known; the last one also takes the new
// position. There are no matrices and little code to fetch, which is what counts here.
// Sums are float32. Included after attention/attention_mma_runs.glsl, some of whose registers and
// shared memory it uses, and attention/store_kv_row.glsl; the subgroup has 32 invocations, D is 64 or
// 128.
const uint NEAR = RUN * WARPS;

// Scales of keys of positions g and g + 8 of the run, and four elements from 4 lane on
// of each position's values, where there are so many, with their scale.
uvec2 near_scales[2];
KV_VALUES near_values[RUN];
float near_value_scales[RUN];

// near_load fetches the subgroup's earlier positions; behind the last it comes again.
void near_load(uint pages, uint position, uint g) {
    const uint first = subgroup_uniform(gl_SubgroupID) * RUN, e = g * D + min(4 * lane(), D - 4);
    [[unroll]] for (uint i = 0; i < RUN; i++) {
        near_values[i] = KV_VALUES(0);
        near_value_scales[i] = 0;
    }
    if (first >= position) return;
    const uint row = cache_index(step, pages, first, PAGE), most = position - 1 - first;
    [[unroll]] for (uint i = 0; i < 2; i++) {
        const uint64_t from = cache_row(k_cache, row + min(mma_g() + 8 * i, most), KV_HEADS * D);
        [[unroll]] for (uint b = 0; b < 4; b++)
            if (b < BLOCKS) keys[b + 4 * i] = kv_keys(from, g * D + 32 * b + 8 * mma_t());
        if (KV_SCALED) near_scales[i] = kv_scales(from, g * D);
    }
    [[unroll]] for (uint i = 0; i < RUN; i++) {
        const uint64_t from = cache_row(v_cache, row + min(i, most), KV_HEADS * D);
        near_values[i] = kv_values(from, e);
        if (KV_SCALED) near_value_scales[i] = kv_scale(from, e);
    }
}

// near_new is the new position's score.
float near_new() {
    float sum = 0;
    for (uint i = lane(); i < D; i += SUB) sum += query[i / 4][i & 3] * head[i];
    return subgroupAdd(sum);
}

// single_softmax leaves the subgroup's sums in sums, with its largest score and total
// weight in stats.
void single_softmax(uint position) {
    const uint w = subgroup_uniform(gl_SubgroupID);
    const bool last = w == WARPS - 1;
    float score[2], extra = last ? near_new() : NOTHING, most = extra;
    [[unroll]] for (uint t = 0; t < 2; t++) {
        float sum = 0;
        [[unroll]] for (uint b = 0; b < 4; b++) {
            if (b >= BLOCKS) break;
            vec4 lo, hi;
            kv_key_floats(keys[b + 4 * t], lo, hi);
            const float products = dot(lo, query[8 * b + 2 * mma_t()]) + dot(hi, query[8 * b + 2 * mma_t() + 1]);
            sum = KV_SCALED ? fma(products, scale_at(near_scales[t], b), sum) : sum + products;
        }
        sum += subgroupShuffleXor(sum, 1);
        sum += subgroupShuffleXor(sum, 2);
        score[t] = w * RUN + 8 * t + mma_g() < position ? sum : NOTHING;
        most = max(most, score[t]);
    }
    most = subgroupMax(most);
    float weight[2];
    [[unroll]] for (uint t = 0; t < 2; t++) weight[t] = score[t] > NOTHING ? exp(score[t] - most) : 0;
    extra = last ? exp(extra - most) : 0;
    const float sum = subgroupAdd(mma_t() == 0 ? weight[0] + weight[1] : 0) + extra;
    vec4 out4 = vec4(0);
    [[unroll]] for (uint i = 0; i < RUN; i++) {
        const float f = subgroupShuffle(weight[i / 8], 4 * (i & 7));
        out4 += (KV_SCALED ? f * near_value_scales[i] : f) * kv_value_floats(near_values[i]);
    }
    if (4 * lane() < D) {
        const uint c = D + 4 * lane();
        if (last) out4 += extra * vec4(head[c], head[c + 1], head[c + 2], head[c + 3]);
        sums[w * SUM_PITCH + lane()] = out4;
    }
    if (lane() == 0) stats[w] = vec2(most, sum);
}

// single_store adds up what the subgroups left, a lane having each one's share.
void single_store(uint64_t out_row) {
    const vec2 left = lane() < WARPS ? stats[lane()] : vec2(NOTHING, 0);
    const float e = exp(left.x - subgroupMax(left.x)), share = e / subgroupAdd(e * left.y);
    for (uint i = gl_LocalInvocationID.x; i < D; i += gl_WorkGroupSize.x) {
        float sum = 0;
        for (uint w = 0; w < WARPS; w++) sum = fma(subgroupShuffle(share, w), sums[w * SUM_PITCH + i / 4][i & 3], sum);
        PutF32(out_row).v[i] = sum;
    }
}

// single_load makes the query of a head, the new key and the new value, a subgroup
// each; stores tells whether they go to the cache.
void single_load(uint r, uint g, uint h, bool stores, uint index) {
    const uint w = subgroup_uniform(gl_SubgroupID), m = ROPE / 2;
    const uint64_t row = at(0, r, KV_HEADS * D) + g * D * 4;
    if (w < 2) {
        Rotated t = rope_load(w == 0 ? q + at(0, r, HEADS * D) + (g * GROUP + h) * D * 4 : k + row, m);
        rope_rotate(t, w * D, (w == 0 ? q_norm : k_norm) != 0, m, eps, w == 0 ? 1.0 / sqrt(float(D)) : 1.0);
        if (w == 0) rope_query(t, 0, m);
        else rope_key(t, m);
    } else if (w == 2) {
        for (uint i = lane(); i < D; i += SUB) head[D + i] = Act(v + row).v[i];
    }
    if (w == 1 || w == 2) store_kv_row(w - 1, g, index, stores);
}
