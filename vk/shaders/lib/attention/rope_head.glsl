// Normalization and rotation of a group's query heads, and of the new key, in
// shared memory; a subgroup takes a head. See rope_store.comp for the formula.
// Included after attention/rotate.glsl; GROUP and D are constants.

shared vec4 query[GROUP * D / 4];
shared vec2 turn[D / 2]; // cos and sin of each pair's angle
shared float query_norm[D], key_norm[D];

// rope_prepare fills what depends on the position alone.
void rope_prepare(uint64_t q_norm, uint64_t k_norm, uint position, F32 freqs, uint rope_dim) {
    const uint m = rope_dim / 2;
    for (uint i = gl_LocalInvocationID.x; i < D; i += gl_WorkGroupSize.x) {
        query_norm[i] = q_norm != 0 ? F32(q_norm).v[i] : 1.0;
        key_norm[i] = k_norm != 0 ? F32(k_norm).v[i] : 1.0;
        if (i < m) turn[i] = rotate_cos_sin(rotate_fraction(position, freqs.v[i], freqs.v[m + i]));
    }
}

float rope_factor(float squares, bool norm, float eps) { return norm ? 1.0 / sqrt(subgroupAdd(squares) / float(D) + eps) : 1.0; }

vec2 rope_pair(float a, float b, uint i) { return vec2(a * turn[i].x - b * turn[i].y, a * turn[i].y + b * turn[i].x); }

float query_at(uint i) { return query[i / 4][i & 3]; }
void query_set(uint i, float v) { query[i / 4][i & 3] = v; }

// rope_query turns query head h, which lies in query, and multiplies it by scale.
void rope_query(uint h, bool norm, uint rope_dim, float eps, float scale) {
    const uint m = rope_dim / 2, first = h * D;
    float squares = 0;
    for (uint i = gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize) squares = fma(query_at(first + i), query_at(first + i), squares);
    const float factor = rope_factor(squares, norm, eps) * scale;
    for (uint i = gl_SubgroupInvocationID; i < m; i += gl_SubgroupSize) {
        const vec2 p = factor * rope_pair(query_at(first + i) * query_norm[i], query_at(first + i + m) * query_norm[i + m], i);
        query_set(first + i, p.x);
        query_set(first + i + m, p.y);
    }
    for (uint i = rope_dim + gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize)
        query_set(first + i, factor * query_at(first + i) * query_norm[i]);
}

// rope_key turns the key, which lies in head.
void rope_key(bool norm, uint rope_dim, float eps) {
    const uint m = rope_dim / 2;
    float squares = 0;
    for (uint i = gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize) squares = fma(head[i], head[i], squares);
    const float factor = rope_factor(squares, norm, eps);
    for (uint i = gl_SubgroupInvocationID; i < m; i += gl_SubgroupSize) {
        const vec2 p = factor * rope_pair(head[i] * key_norm[i], head[i + m] * key_norm[i + m], i);
        head[i] = p.x;
        head[i + m] = p.y;
    }
    for (uint i = rope_dim + gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize) head[i] *= factor * key_norm[i];
}
