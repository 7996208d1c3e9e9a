// The multiplications of attention/flash.glsl for devices without matrix units: an
// invocation has half of a row's scores and half of its output.
uvec4 query[EIGHTS]; // the row, as halves
vec4 flash_sums[EIGHTS];

void flash_sync() { barrier(); }

void flash_queries(uint64_t row) {
    [[unroll]] for (uint i = 0; i < EIGHTS; i++) {
        const vec4 a = F32x4(row).v[2 * i], b = F32x4(row).v[2 * i + 1];
        query[i] = uvec4(packHalf2x16(a.xy), packHalf2x16(a.zw), packHalf2x16(b.xy), packHalf2x16(b.zw));
        flash_sums[i] = vec4(0);
    }
}

float dot8(uvec4 a, uvec4 b) {
    float sum = 0;
    [[unroll]] for (uint j = 0; j < 4; j++) sum += dot(unpackHalf2x16(a[j]), unpackHalf2x16(b[j]));
    return sum;
}

void flash_scores() {
    const uint side = gl_LocalInvocationID.x & 1;
    for (uint i = 0; i < FLASH_TILE / 2; i++) {
        const uint c = 8 * (i >> 2) + 4 * side + (i & 3);
        float sum = 0;
        [[unroll]] for (uint j = 0; j < EIGHTS; j++) sum += dot8(query[j], kv_tile[c * KV_PITCH + j]);
        score_tile[flash_row() * SCORE_PITCH + (c >> 2)][c & 3] = floatBitsToUint(sum);
    }
}

void flash_fade(float fade) {
    [[unroll]] for (uint i = 0; i < EIGHTS; i++) flash_sums[i] *= fade;
}

void flash_values() {
    const uint first = EIGHTS / 2 * (gl_LocalInvocationID.x & 1), from = flash_mine() + (flash_row() & 15) * WEIGHT_PITCH;
    for (uint t = 0; t < FLASH_TILE; t++) {
        const vec2 pair = unpackHalf2x16(score_tile[from + (t >> 3)][(t >> 1) & 3]);
        const float p = (t & 1) == 0 ? pair.x : pair.y;
        [[unroll]] for (uint i = 0; i < EIGHTS / 2; i++) {
            const uvec4 v = kv_tile[t * KV_PITCH + first + i];
            flash_sums[2 * i] = fma(vec4(p), vec4(unpackHalf2x16(v.x), unpackHalf2x16(v.y)), flash_sums[2 * i]);
            flash_sums[2 * i + 1] = fma(vec4(p), vec4(unpackHalf2x16(v.z), unpackHalf2x16(v.w)), flash_sums[2 * i + 1]);
        }
    }
}

// flash_out gives the row's elements to store(row, element, value).
void flash_out(uint rows) {
    if (flash_row() >= rows) return;
    const uint first = D / 2 * (gl_LocalInvocationID.x & 1);
    [[unroll]] for (uint i = 0; i < D / 2; i++) store(flash_row(), first + i, flash_sums[i >> 2][i & 3] / row_sum);
}
