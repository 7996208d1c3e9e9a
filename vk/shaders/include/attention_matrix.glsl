// Attention of up to eight query heads over tiles of TILE positions by matrix
// units, 16 by 16 by 16: a subgroup multiplies sixteen positions' keys with all
// queries, turns a head's scores into weights, and multiplies all weights with
// sixteen elements of the values. Rows h and h + 8 of the matrices are the high
// and the low part of head h: a number is the sum of the nearest half and of
// what that leaves, to 2^-22 of it. Running maxima as in Milakov and Gimelshein,
// arXiv 1805.02867. Here is what loads; attention_products.glsl multiplies.
// Included after kv.glsl, cache.glsl, rope_turned.glsl and the push constants.
#include "matrix_units.glsl"

const uint TILE = 16 * WARPS, STEPS = D / 16, PITCH = D / 8 + 1; // of a row of halves, in sixteen bytes
const uint SCORE_PITCH = TILE / 4 + 1, WEIGHT_PITCH = TILE / 8 + 1;
const uint ROW = KV_HEADS * D / 8; // of the cache, in sixteen bytes
const float NOTHING = uintBitsToFloat(0xff800000u), WEIGHT_SCALE = 32768.0; // keeps small weights' digits
shared uvec4 query_tile[16 * PITCH];
shared uvec4 key_stage[16 * PITCH], value_stage[16 * PITCH]; // the sixteen positions with the new one
shared vec4 score_tile[16 * SCORE_PITCH]; // later the sums
shared uvec4 weight_tile[16 * WEIGHT_PITCH];
shared vec4 fade_tile[16 * 4];
shared float query_scale[8];
shared vec2 stats[8]; // each head's largest score and total weight

HALVES_B keys[8], values[8];
SUMS sums;
float top, total; // of the head that the subgroup weighs

void matrix_begin() {
    top = NOTHING;
    total = 0;
    for (uint i = gl_LocalInvocationID.x; i < 16 * PITCH; i += gl_WorkGroupSize.x) query_tile[i] = uvec4(0);
    for (uint i = gl_LocalInvocationID.x; i < 16 * WEIGHT_PITCH; i += gl_WorkGroupSize.x) weight_tile[i] = uvec4(0);
    barrier();
}

uint64_t rows_at(uint64_t cache, uint pages, uint p, uint g) {
    return cache_row(cache, cache_index(step, pages, p, PAGE), KV_HEADS * D) + g * D * KV_BYTES;
}

// load_keys loads the subgroup's sixteen positions of the tile at t, if all are
// before last.
void load_keys(uint pages, uint t, uint last, uint g) {
    const uint p = t + 16 * gl_SubgroupID;
    if (p + 16 > last) return;
    const uint64_t row = rows_at(k_cache, pages, p, g);
    [[unroll]] for (uint j = 0; j < 8; j++)
        if (j < STEPS) LOAD_B(keys[j], U32x4(row).v, 2 * j, ROW, COLUMNS)
}

// load_values loads the subgroup's sixteen elements of the tile's positions.
void load_values(uint pages, uint t, uint last, uint g) {
    if (gl_SubgroupID >= STEPS) return;
    [[unroll]] for (uint j = 0; j < 8; j++) {
        const uint p = t + 16 * j;
        if (p + 16 <= last) {
            const uint64_t row = rows_at(v_cache, pages, p, g);
            LOAD_B(values[j], U32x4(row).v, 2 * gl_SubgroupID, ROW, ROWS)
        }
    }
}

// stage brings the positions that share sixteen with the new one into shared
// memory; what lies behind them was never stored and could be NaN.
void stage(uint pages, uint position, uint g) {
    const uint p = position & ~15u;
    const uint64_t kr = rows_at(k_cache, pages, p, g), vr = rows_at(v_cache, pages, p, g);
    for (uint i = gl_LocalInvocationID.x; i < 16 * (D / 8); i += gl_WorkGroupSize.x) {
        const uint r = i / (D / 8), c = i % (D / 8);
        const bool old = p + r < position;
        key_stage[r * PITCH + c] = old ? U32x4(kr).v[r * ROW + c] : uvec4(0);
        value_stage[r * PITCH + c] = old ? U32x4(vr).v[r * ROW + c] : uvec4(0);
    }
    barrier();
}

// stage_new adds the new position, which lies in head, by one subgroup.
void stage_new(uint row) {
    for (uint i = lane(); i < D / 2; i += SUB) {
        key_stage[row * PITCH + i / 4][i & 3] = packHalf2x16(vec2(head[2 * i], head[2 * i + 1]));
        value_stage[row * PITCH + i / 4][i & 3] = packHalf2x16(vec2(head[D + 2 * i], head[D + 2 * i + 1]));
    }
}

// parts are the high and the low halves of two numbers.
uvec2 parts(vec2 x) {
    const uint high = packHalf2x16(x);
    return uvec2(high, packHalf2x16(x - unpackHalf2x16(high)));
}

// split_query makes the matrix's rows of query head h, multiplied by a power of
// two that brings its largest element near 2^10.
void split_query(uint h) {
    float most = 0;
    for (uint i = lane(); i < D / 4; i += SUB) {
        const vec4 a = abs(query[h * (D / 4) + i]);
        most = max(most, max(max(a.x, a.y), max(a.z, a.w)));
    }
    most = subgroupMax(most);
    // The exponent alone: 2^10 / 2^e of what lies in [2^e, 2^(e+1)).
    const uint e = clamp(floatBitsToUint(most) >> 23, 40u, 220u);
    const float scale = uintBitsToFloat((264 - e) << 23);
    if (lane() == 0) query_scale[h] = uintBitsToFloat((e - 10) << 23);
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
