// Normalization and rotation of one head by one subgroup, which keeps the head
// in shared memory: rope_head leaves a key in head, rope_query a query in the
// queries of attention_tile.glsl, multiplied by scale. See rope_store.comp.

shared vec4 query[GROUP * D / 4];

// rope_load normalizes: each invocation gets factor and the head's elements lie
// in shared memory, unscaled.
float rope_factor(float squares, uint64_t norm, float eps) {
    return norm != 0 ? 1.0 / sqrt(subgroupAdd(squares) / float(D) + eps) : 1.0;
}

float rope_weight(uint64_t norm, uint i) { return norm != 0 ? F32(norm).v[i] : 1.0; }

// rope_pair turns elements i and i + m.
vec2 rope_pair(uint64_t from, uint64_t norm, uint i, uint m, uint position, F32 freqs, float factor) {
    const float a = Act(from).v[i] * rope_weight(norm, i) * factor, b = Act(from).v[i + m] * rope_weight(norm, i + m) * factor;
    const vec2 cs = turn_cos_sin(turn_fraction(position, freqs.v[i], freqs.v[m + i]));
    return vec2(a * cs.x - b * cs.y, a * cs.y + b * cs.x);
}

float rope_squares(uint64_t from) {
    float sum = 0;
    for (uint i = gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize) {
        const float x = Act(from).v[i];
        sum = fma(x, x, sum);
    }
    return sum;
}

void rope_head(uint64_t from, uint64_t norm, uint first, uint position, F32 freqs, uint rope_dim, float eps, float scale) {
    const float factor = rope_factor(rope_squares(from), norm, eps) * scale;
    const uint m = rope_dim / 2;
    for (uint i = gl_SubgroupInvocationID; i < m; i += gl_SubgroupSize) {
        const vec2 p = rope_pair(from, norm, i, m, position, freqs, factor);
        head[first + i] = p.x;
        head[first + i + m] = p.y;
    }
    for (uint i = rope_dim + gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize)
        head[first + i] = Act(from).v[i] * rope_weight(norm, i) * factor;
}

void rope_query(uint64_t from, uint64_t norm, uint h, uint position, F32 freqs, uint rope_dim, float eps, float scale) {
    const float factor = rope_factor(rope_squares(from), norm, eps) * scale;
    const uint m = rope_dim / 2, first = h * D;
    for (uint i = gl_SubgroupInvocationID; i < m; i += gl_SubgroupSize) {
        const vec2 p = rope_pair(from, norm, i, m, position, freqs, factor);
        query[(first + i) / 4][i & 3] = p.x;
        query[(first + i + m) / 4][(i + m) & 3] = p.y;
    }
    for (uint i = rope_dim + gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize)
        query[(first + i) / 4][i & 3] = Act(from).v[i] * rope_weight(norm, i) * factor;
}
