// The sums of attention_run.glsl's positions: a subgroup's own of each head in sums, with
// their largest score and total weight in stats, joined by slot_sum. Included after
// across.glsl and query, the heads' queries.

// key_dot multiplies eight elements of a key with those of a query from i on.
float key_dot(uvec4 key, uint a, uint i) {
    const vec4 lo = query[a * (D / 4) + i / 4], hi = query[a * (D / 4) + i / 4 + 1];
    return dot(vec4(unpackHalf2x16(key.x), unpackHalf2x16(key.y)), lo) + dot(vec4(unpackHalf2x16(key.z), unpackHalf2x16(key.w)), hi);
}

// weigh adds the subgroup's positions of the run from t on to its sums of query a; the
// last subgroup adds the new position too, if it has to.
void weigh(uint a, uint t, uint last, bool adds_new) {
    const uint mine = a * WARPS + same(gl_SubgroupID);
    const vec2 stat = stats[mine];
    float score[2], extra = NOTHING, most = stat.x;
    if (adds_new) {
        extra = 0;
        [[unroll]] for (uint i = lane(); i < D; i += SUB) extra += query[a * (D / 4) + i / 4][i & 3] * head[i];
        extra = sum_across(extra);
        most = max(most, extra);
    }
    [[unroll]] for (uint i = 0; i < 2; i++) {
        float sum = 0;
        [[unroll]] for (uint j = 0; j < 4; j++)
            if (j < RUNS) sum += key_dot(keys[4 * i + j], a, 8 * (4 * j + lane() % 4));
        sum += subgroupShuffleXor(sum, 1);
        sum += subgroupShuffleXor(sum, 2);
        score[i] = t + gl_SubgroupID * EACH + 8 * i + lane() / 4 < last ? sum : NOTHING;
        most = max(most, score[i]);
    }
    most = max_across(most);
    if (same(floatBitsToUint(most)) == floatBitsToUint(NOTHING)) return; // there are none
    float weight[2];
    [[unroll]] for (uint i = 0; i < 2; i++) weight[i] = exp(score[i] - most);
    const float fade = exp(stat.x - most);
    extra = exp(extra - most);
    const float total = 0.25 * sum_across(weight[0] + weight[1]);
    vec2 sum[2];
    [[unroll]] for (uint j = 0; j < 2; j++)
        if (j < PAIR) {
            const uint c = PAIR * lane() + j;
            sum[j] = stat.x > NOTHING ? fade * sums[mine * (D / 2) + c] : vec2(0);
            if (adds_new) sum[j] += extra * vec2(head[D + 2 * c], head[D + 2 * c + 1]);
        }
    [[unroll]] for (uint i = 0; i < EACH; i++) {
        const float f = subgroupShuffle(weight[i / 8], 4 * (i & 7));
        [[unroll]] for (uint j = 0; j < 2; j++)
            if (j < PAIR) sum[j] += f * unpackHalf2x16(values[i][j]);
    }
    [[unroll]] for (uint j = 0; j < 2; j++)
        if (j < PAIR) sums[mine * (D / 2) + PAIR * lane() + j] = sum[j];
    if (lane() == 0) stats[mine] = vec2(most, stat.y * fade + total + extra);
}

// slot_sum is four elements of the workgroup's sums, i counting them, and their
// head's largest score and total.
vec4 slot_sum(uint i, out vec2 stat) {
    const uint a = i / (D / 4), c = 2 * (i % (D / 4));
    stat = vec2(NOTHING, 0);
    vec4 sum = vec4(0);
    [[dont_unroll]] for (uint w = 0; w < WARPS; w++) stat.x = max(stat.x, stats[a * WARPS + w].x);
    [[dont_unroll]] for (uint w = 0; w < WARPS; w++) {
        const vec2 s = stats[a * WARPS + w];
        if (s.x == NOTHING) continue; // who had no positions left no sums
        const float e = exp(s.x - stat.x);
        stat.y = fma(e, s.y, stat.y);
        const uint from = (a * WARPS + w) * (D / 2) + c;
        sum = fma(vec4(e), vec4(sums[from], sums[from + 1]), sum);
    }
    return sum;
}
