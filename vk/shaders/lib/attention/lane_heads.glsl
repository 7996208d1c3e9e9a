// A head's normalization and rotation in registers: element 16 j + 2 lane + c
// lies at [j][c]. See rope_store.comp for the formulas. Included after attention/rotate.glsl
// and the push constants; PAIRS is a constant.
vec2 head_cos[PAIRS], head_sin[PAIRS];

float lanes_max(float v) {
    const uint lane = gl_SubgroupInvocationID;
    v = max(v, subgroupShuffle(v, lane ^ 1));
    v = max(v, subgroupShuffle(v, lane ^ 2));
    return max(v, subgroupShuffle(v, lane ^ 4));
}

void head_load(uint64_t row, out vec2 a[PAIRS]) {
    [[unroll]] for (uint j = 0; j < PAIRS; j++) a[j] = lane_pair(row, j * LANES + gl_SubgroupInvocationID);
}

// head_angles fills what depends on the position alone.
void head_angles(uint position, uint rope_dim) {
    const uint m = rope_dim / 2;
    [[unroll]] for (uint j = 0; j < PAIRS; j++) {
        if (16 * j >= m) break;
        const uint i = j * LANES + gl_SubgroupInvocationID;
        const vec2 high = lane_pair(freqs, i), low = lane_pair(freqs, m / 2 + i);
        const vec2 a = rotate_cos_sin(rotate_fraction(position, high.x, low.x)), b = rotate_cos_sin(rotate_fraction(position, high.y, low.y));
        head_cos[j] = vec2(a.x, b.x);
        head_sin[j] = vec2(a.y, b.y);
    }
}

// head_rotate normalizes, if norm is not absent, rotates, and multiplies by scale.
void head_rotate(inout vec2 a[PAIRS], uint64_t norm, uint rope_dim, float eps, float scale) {
    if (norm != 0) {
        float squares = 0;
        [[unroll]] for (uint j = 0; j < PAIRS; j++) squares += dot(a[j], a[j]);
        const float factor = lane_rms(squares, 16 * PAIRS, eps);
        [[unroll]] for (uint j = 0; j < PAIRS; j++) a[j] *= factor * lane_pair(norm, j * LANES + gl_SubgroupInvocationID);
    }
    const uint half_pairs = rope_dim / 32;
    [[unroll]] for (uint j = 0; j < PAIRS / 2; j++) {
        if (j >= half_pairs) break;
        const vec2 low = a[j], high = a[j + half_pairs];
        a[j] = low * head_cos[j] - high * head_sin[j];
        a[j + half_pairs] = low * head_sin[j] + high * head_cos[j];
    }
    [[unroll]] for (uint j = 0; j < PAIRS; j++) a[j] *= scale;
}
