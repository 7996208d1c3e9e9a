// The products of runs of sixteen positions with running maxima (Milakov and Gimelshein,
// arXiv 1805.02867). Included after attention/attention_mma_runs.glsl.
#define MMA_ADD(to, a, first, second) { \
    MMA_B b_; \
    MMA_PAIR(b_, 0, first) \
    MMA_PAIR(b_, 2, second) \
    MMA_MULTIPLY(to, a, b_) \
}

// runs_add leaves the subgroup's sums over positions t .. last - 1, the first run of
// which is on its way, and their largest scores and total weights.
void runs_add(uint pages, uint t, uint last, uint g) {
    const uint mine = subgroup_uniform(gl_SubgroupID) * GROUP, h = min(mma_g(), GROUP - 1);
    if (t >= last) {
        if (lane() < GROUP) stats[mine + lane()] = vec2(NOTHING, 0);
        return;
    }
    MMA_A queries[8];
    [[unroll]] for (uint i = 0; i < 8; i++) {
        if (i >= 2 * BLOCKS) break;
        const uint at = 4 * (i >> 1) + mma_t(), c = 2 * (i & 1);
        const uvec4 high = kv_key_order(query_tile[mma_g() * PITCH + at]), low = kv_key_order(query_tile[(mma_g() + 8) * PITCH + at]);
        MMA_PAIR(queries[i], 0, high[c])
        MMA_PAIR(queries[i], 2, high[c + 1])
        MMA_PAIR(queries[i], 4, low[c])
        MMA_PAIR(queries[i], 6, low[c + 1])
    }
    MMA_SUMS out_[16];
    [[unroll]] for (uint i = 0; i < 16; i++)
        if (i < 4 * BLOCKS) out_[i] = MMA_SUMS(0.0);
    const float unit = query_unit[h];
    float top = NOTHING, total = 0, weight_unit = KV_SCALED ? 0 : WEIGHT_UNIT;
    [[dont_unroll]] for (; t < last; t += RUN) {
        // Scores of positions position_of(0 .. 3), and the next keys.
        float score[4];
        [[unroll]] for (uint i = 0; i < 2; i++) {
            MMA_SUMS s = MMA_SUMS(0.0);
            score[2 * i] = score[2 * i + 1] = 0;
            [[unroll]] for (uint b = 0; b < 4; b++) {
                if (b >= BLOCKS) break;
                const uvec4 key = kv_key_halves(keys[b + 4 * i]);
                if (KV_SCALED) s = MMA_SUMS(0.0);
                MMA_ADD(s, queries[2 * b], key.x, key.y)
                MMA_ADD(s, queries[2 * b + 1], key.z, key.w)
                if (KV_SCALED)
                    [[unroll]] for (uint e = 0; e < 2; e++)
                        score[2 * i + e] = fma(s[e] + s[2 + e], scale_at(key_scales[2 * i + e], b), score[2 * i + e]);
            }
            [[unroll]] for (uint e = 0; e < 2; e++) {
                const float sum = KV_SCALED ? score[2 * i + e] : s[e] + s[2 + e];
                score[2 * i + e] = t + position_of(2 * i + e) < last ? sum * unit : NOTHING;
            }
        }
        const uint row = run_prefetch;
        if (t + RUN < last) {
            keys_load(row, t + RUN, last, g);
            if (t + 2 * RUN < last) run_prefetch = cache_index(step, pages, t + 2 * RUN, PAGE);
        }
        // Weights against the running maximum.
        float most = max(max(score[0], score[1]), max(score[2], score[3]));
        most = max(most, subgroupShuffleXor(most, 1));
        most = max(top, max(most, subgroupShuffleXor(most, 2)));
        float fade = exp(top - most), w[4];
        top = most;
        [[unroll]] for (uint j = 0; j < 4; j++) w[j] = exp(score[j] - most);
        total = total * fade + ((w[0] + w[1]) + (w[2] + w[3]));
        if (KV_SCALED) { // weights with scales stay below 2^15 in units of a power of two
            f16vec2 tops = f16vec2(float16_t(0.0));
            [[unroll]] for (uint j = 0; j < 4; j++) tops = max(tops, unpackFloat2x16(kv_scales_top(value_scales[j])));
            float largest = float(max(tops.x, tops.y));
            largest = max(largest, subgroupShuffleXor(largest, 1));
            largest = max(largest, subgroupShuffleXor(largest, 2));
            const float u = uintBitsToFloat((268u - max(floatBitsToUint(largest) >> 23, 100u)) << 23);
            const float least = weight_unit == 0 ? u : min(weight_unit, u);
            fade *= weight_unit == 0 ? 0 : least / weight_unit;
            weight_unit = least;
        }
        if (subgroupBallot(fade < 1.0).x != 0)
            [[unroll]] for (uint i = 0; i < 16; i++)
                if (i < 4 * BLOCKS)
                    [[unroll]] for (uint e = 0; e < 4; e++) out_[i][e] *= fade;
        MMA_A weights;
        [[unroll]] for (uint b = 0; b < 4; b++) {
            if (b >= BLOCKS) break;
            if (KV_SCALED || b == 0) {
                vec4 x = vec4(w[0], w[1], w[2], w[3]) * weight_unit;
                if (KV_SCALED) x *= vec4(scale_at(value_scales[0], b), scale_at(value_scales[1], b), scale_at(value_scales[2], b), scale_at(value_scales[3], b));
                const uvec2 near = parts(x.xy), far = parts(x.zw);
                MMA_PAIR(weights, 0, near.x)
                MMA_PAIR(weights, 2, far.x)
                MMA_PAIR(weights, 4, near.y)
                MMA_PAIR(weights, 6, far.y)
            }
            const uvec4 first = kv_value_pairs(values[4 * b], values[4 * b + 1]), second = kv_value_pairs(values[4 * b + 2], values[4 * b + 3]);
            [[unroll]] for (uint i = 0; i < 4; i++) MMA_ADD(out_[4 * b + i], weights, first[i], second[i])
        }
        if (t + RUN < last) values_load(row, t + RUN, last, g);
    }
    total += subgroupShuffleXor(total, 1);
    total += subgroupShuffleXor(total, 2);
    if (mma_g() >= GROUP) return;
    const float inverse = 1.0 / weight_unit; // exact: a power of two
    if (mma_t() == 0) stats[mine + h] = vec2(top, total);
    [[unroll]] for (uint b = 0; b < 4; b++) {
        if (b >= BLOCKS) break;
        [[unroll]] for (uint n = 0; n < 2; n++) {
            vec4 v;
            [[unroll]] for (uint i = 0; i < 4; i++) v[i] = out_[4 * b + i][n] + out_[4 * b + i][2 + n];
            sums[(mine + h) * SUM_PITCH + 8 * b + 2 * mma_t() + n] = v * inverse;
        }
    }
}
