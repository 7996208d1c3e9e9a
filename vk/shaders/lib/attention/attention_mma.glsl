// Attention of up to eight query heads over runs of sixteen positions by matrix units
// whose operands are put together in registers: see mma/mma.glsl. A subgroup has runs of
// its own, keys and values come from the cache to the invocations that multiply them,
// and nothing passes through shared memory before the subgroups' sums are joined.
// attention/attention_mma_runs.glsl fetches, attention/attention_mma_add.glsl multiplies.
//
// Rows h and h + 8 of the left operands are the high and the low part of head h, two
// halves that together have a float's digits but two. What the cache has is exact as
// halves, so that products are exact and sums are floats. Where elements have a scale
// for each 32 (KV_SCALED), a block's products are summed alone and multiplied by it, and
// a value's scale is part of its weight.
//
// Included after mma/mma.glsl, core/subgroup_uniform.glsl, core/subgroup_reduce.glsl, kv_pieces.glsl, attention/cache.glsl,
// attention/rope_rotated.glsl and query, the heads' queries; D is 64 or 128, PAGE a multiple of 16.
const uint RUN = 16, BLOCKS = D / 32, PITCH = D / 8 + 1, SUM_PITCH = D / 4 + 1;
const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity
const float WEIGHT_UNIT = 32768.0;                  // keeps small weights' digits
shared uvec4 query_tile[16 * PITCH];
shared float query_unit[8];
shared vec4 sums[WARPS * GROUP * SUM_PITCH];
shared vec2 stats[WARPS * GROUP]; // a head's largest score and total weight
shared float fresh[GROUP];        // the new position's scores

uint mma_g() { return gl_SubgroupInvocationID >> 2; }
uint mma_t() { return gl_SubgroupInvocationID & 3; }
uint position_of(uint j) { return 2 * mma_t() + (j & 1) + 8 * (j >> 1); }

// parts are the high and the low halves of two numbers.
uvec2 parts(vec2 x) {
    const uint high = packHalf2x16(x);
    return uvec2(high, packHalf2x16(x - unpackHalf2x16(high)));
}

// split_query makes the matrix's rows of query head h, multiplied by a power of two
// that brings its largest element near 2^10; a subgroup takes a head.
void split_query(uint h) {
    float most = 0;
    for (uint i = lane(); i < D / 4; i += SUB) {
        const vec4 a = abs(query[h * (D / 4) + i]);
        most = max(most, max(max(a.x, a.y), max(a.z, a.w)));
    }
    most = subgroup_max(most);
    // The exponent alone: 2^10 / 2^e of what lies in [2^e, 2^(e+1)).
    const uint e = clamp(floatBitsToUint(most) >> 23, 40u, 220u);
    const float scale = uintBitsToFloat((264 - e) << 23);
    if (lane() == 0) query_unit[h] = uintBitsToFloat((e - 10) << 23);
    for (uint i = lane(); i < D / 4; i += SUB) {
        const vec4 x = query[h * (D / 4) + i] * scale;
        const uvec2 a = parts(x.xy), b = parts(x.zw);
        const uint high = h * PITCH + i / 2, low = (h + 8) * PITCH + i / 2, c = 2 * (i & 1);
        query_tile[high][c] = a.x;
        query_tile[high][c + 1] = b.x;
        query_tile[low][c] = a.y;
        query_tile[low][c + 1] = b.y;
    }
}

// fresh_score is the new key's product with query head h, a subgroup's.
void fresh_score(uint h) {
    float sum = 0;
    for (uint i = lane(); i < D / 4; i += SUB)
        sum += dot(query[h * (D / 4) + i], vec4(head[4 * i], head[4 * i + 1], head[4 * i + 2], head[4 * i + 3]));
    sum = subgroup_sum(sum);
    if (lane() == 0) fresh[h] = sum;
}

// split_sum is four elements of the workgroup's sums, i counting them, and their head's
// largest score and total; adds tells whether the new position is among them.
bool adds_fresh;
vec4 split_sum(uint i, out vec2 stat) {
    const uint h = i / (D / 4), c = i % (D / 4);
    const float extra = adds_fresh ? fresh[h] : NOTHING;
    stat = vec2(extra, 0);
    [[unroll]] for (uint w = 0; w < WARPS; w++) stat.x = max(stat.x, stats[w * GROUP + h].x);
    stat.y = exp(extra - stat.x);
    vec4 sum = adds_fresh ? stat.y * vec4(head[D + 4 * c], head[D + 4 * c + 1], head[D + 4 * c + 2], head[D + 4 * c + 3]) : vec4(0);
    [[unroll]] for (uint w = 0; w < WARPS; w++) {
        const vec2 s = stats[w * GROUP + h];
        if (s.x == NOTHING) continue; // a subgroup without positions left no sums
        const float e = exp(s.x - stat.x);
        stat.y = fma(e, s.y, stat.y);
        sum = fma(vec4(e), sums[(w * GROUP + h) * SUM_PITCH + c], sum);
    }
    return sum;
}
