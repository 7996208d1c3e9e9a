// Attention of up to eight query heads over tiles of TILE positions by matrix
// units, 16 by 16 by 16. Rows h and h + 8 of the matrices are the high and the
// low part of head h: a number is the sum of the nearest half and of what that
// leaves, to 2^-22 of it. Keys and values pass through shared memory, sixteen
// bytes an invocation at a time, the next tile's being loaded meanwhile. Here is
// what loads and splits; attention_products.glsl multiplies. Included after
// kv.glsl, cache.glsl, sync_main.glsl and head.
#include "matrix_units.glsl"

const uint TILE = 64, STEPS = D / 16, PITCH = D / 8 + 1; // of a row of halves, in sixteen bytes
const uint SCORE_PITCH = TILE / 4 + 1, SUM_PITCH = D / 4 + 1;
const uint ROW = KV_HEADS * D / 8;   // of the cache, in sixteen bytes
const uint PIECES = TILE * (D / 8) / gl_WorkGroupSize.x; // of an invocation; at most 8
const float NOTHING = uintBitsToFloat(0xff800000u), WEIGHT_SCALE = 32768.0; // keeps small weights' digits
shared uvec4 key_tile[TILE * PITCH]; // at the end the sums
shared uvec4 value_tile[TILE * PITCH];
shared uvec4 score_tile[16 * SCORE_PITCH > 2 * D ? 16 * SCORE_PITCH : 2 * D]; // at first the queries
shared uvec4 query_tile[16 * PITCH]; // later the factors of the sums
shared float query_scale[8];
shared vec2 stats[8]; // each head's largest score and total weight

uvec4 next_keys[8], next_values[8];

float query_at(uint i) { return uintBitsToFloat(score_tile[i / 4][i & 3]); }
void query_set(uint i, float v) { score_tile[i / 4][i & 3] = floatBitsToUint(v); }

uint64_t rows_at(uint64_t cache, uint pages, uint p, uint g) {
    return cache_row(cache, cache_index(step, pages, p, PAGE), KV_HEADS * D) + g * D * KV_BYTES;
}

// tile_load fetches the tile at t, as far as last.
void tile_load(uint pages, uint t, uint last, uint g) {
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= PIECES) break;
        const uint i = gl_LocalInvocationID.x + j * gl_WorkGroupSize.x, p = t + i / (D / 8), c = i % (D / 8);
        next_keys[j] = next_values[j] = uvec4(0);
        if (p >= last) continue;
        next_keys[j] = U32x4(rows_at(k_cache, pages, p, g)).v[c];
        next_values[j] = U32x4(rows_at(v_cache, pages, p, g)).v[c];
    }
}

// touch asks for a tile that is not loaded yet, a word of each 64 bytes, so that
// it is in the device's cache when it is; touch_see keeps the words from being
// dropped as unused.
const uint SECTORS = D * KV_BYTES / 64, TOUCHES = TILE * 2 * SECTORS / gl_WorkGroupSize.x; // at most 8
uint touching[8], touched = 0;

void touch(uint pages, uint t, uint last, uint g) {
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= TOUCHES) break;
        const uint i = gl_LocalInvocationID.x + j * gl_WorkGroupSize.x, p = min(t + i / (2 * SECTORS), last - 1), c = i % (2 * SECTORS);
        touching[j] = U32(rows_at(c < SECTORS ? k_cache : v_cache, pages, p, g)).v[c % SECTORS * 16];
    }
}

void touch_see() {
    [[unroll]] for (uint j = 0; j < 8; j++)
        if (j < TOUCHES) touched ^= touching[j];
}

// tile_store puts it into shared memory, but for the new position: stage_new
// does that. What was never stored in the cache could be NaN and becomes zero.
void tile_store(uint t, uint position) {
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= PIECES) break;
        const uint i = gl_LocalInvocationID.x + j * gl_WorkGroupSize.x, r = i / (D / 8), to = r * PITCH + i % (D / 8);
        if (t + r == position) continue;
        key_tile[to] = next_keys[j];
        value_tile[to] = next_values[j];
    }
}

// stage_new adds the new position's key, or its value, which lie in head: a
// subgroup each, which 0 and 1.
void stage_new(uint which, uint row) {
    for (uint i = gl_SubgroupInvocationID; i < D / 2; i += SUB) {
        const uint pair = packHalf2x16(vec2(head[which * D + 2 * i], head[which * D + 2 * i + 1]));
        if (which == 0) key_tile[row * PITCH + i / 4][i & 3] = pair;
        else value_tile[row * PITCH + i / 4][i & 3] = pair;
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
    for (uint i = gl_SubgroupInvocationID; i < D / 4; i += SUB) {
        const vec4 a = abs(uintBitsToFloat(score_tile[h * (D / 4) + i]));
        most = max(most, max(max(a.x, a.y), max(a.z, a.w)));
    }
    most = subgroupMax(most);
    // The exponent alone: 2^10 / 2^e of what lies in [2^e, 2^(e+1)).
    const uint e = clamp(floatBitsToUint(most) >> 23, 40u, 220u);
    const float scale = uintBitsToFloat((264 - e) << 23);
    if (gl_SubgroupInvocationID == 0) query_scale[h] = uintBitsToFloat((e - 10) << 23);
    for (uint i = gl_SubgroupInvocationID; i < D / 4; i += SUB) {
        const vec4 x = uintBitsToFloat(score_tile[h * (D / 4) + i]) * scale;
        const uvec2 a = parts(x.xy), b = parts(x.zw);
        const uint high = h * PITCH + i / 2, low = (h + 8) * PITCH + i / 2, c = 2 * (i & 1);
        query_tile[high][c] = a.x;
        query_tile[high][c + 1] = b.x;
        query_tile[low][c] = a.y;
        query_tile[low][c + 1] = b.y;
    }
}
