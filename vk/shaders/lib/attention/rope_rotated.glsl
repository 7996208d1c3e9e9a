// Normalization and rotation of heads in registers: an invocation has the pairs
// (i, i + m), i = lane, lane + SUB, …, m = rope_dim / 2, and pairs of neighbours
// among the elements that do not turn. See rope_store.comp for the formula.
// Included after attention/rotate.glsl, D, SUB, head and query_set.

shared vec2 turn[D / 2];   // cos and sin of each pair's angle
shared float norms[2 * D]; // of queries, of keys
const uint PAIRS = D / 2 / SUB;
struct Rotated { vec2 pair[8], rest[8]; }; // D / 2 / SUB is at most 8

uint lane() { return gl_SubgroupInvocationID; }

// Whether pair i turns, and whether the pair from e on stays as it is: known where m is.
bool rope_rotates(uint i, uint m) { return 2 * m == D || i < m; }
bool rope_stays(uint e, uint m) { return 2 * m < D && e < D; }

// rope_prepare fills what depends on the position alone.
void rope_prepare(uint64_t q_norm, uint64_t k_norm, uint position, F32 freqs, uint m) {
    for (uint i = gl_LocalInvocationID.x; i < D; i += gl_WorkGroupSize.x) {
        norms[i] = q_norm != 0 ? F32(q_norm).v[i] : 1.0;
        norms[D + i] = k_norm != 0 ? F32(k_norm).v[i] : 1.0;
        if (i < m) turn[i] = rotate_cos_sin(rotate_fraction(position, freqs.v[i], freqs.v[m + i]));
    }
}

Rotated rope_load(uint64_t from, uint m) {
    Rotated t;
    Act x = Act(from);
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= PAIRS) break;
        const uint i = lane() + j * SUB, e = 2 * (m + i);
        t.pair[j] = rope_rotates(i, m) ? vec2(x.v[i], x.v[i + m]) : vec2(0);
        t.rest[j] = rope_stays(e, m) ? vec2(x.v[e], x.v[e + 1]) : vec2(0);
    }
    return t;
}

// rope_rotate normalizes, if norm, turns, and multiplies by scale; first is where
// the norm's weights begin.
void rope_rotate(inout Rotated t, uint first, bool norm, uint m, float eps, float scale) {
    float squares = 0;
    [[unroll]] for (uint j = 0; j < 8; j++)
        if (j < PAIRS) squares += dot(t.pair[j], t.pair[j]) + dot(t.rest[j], t.rest[j]);
    const float factor = norm ? scale / sqrt(subgroupAdd(squares) / float(D) + eps) : scale;
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= PAIRS) break;
        const uint i = lane() + j * SUB, e = 2 * (m + i);
        if (rope_rotates(i, m)) {
            const vec2 p = t.pair[j] * vec2(norms[first + i], norms[first + i + m]) * factor;
            t.pair[j] = vec2(p.x * turn[i].x - p.y * turn[i].y, p.x * turn[i].y + p.y * turn[i].x);
        }
        if (rope_stays(e, m)) t.rest[j] *= vec2(norms[first + e], norms[first + e + 1]) * factor;
    }
}

// rope_query gives query head h to query_set, rope_key puts the key into head.
void rope_query(Rotated t, uint h, uint m) {
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= PAIRS) break;
        const uint i = lane() + j * SUB, e = 2 * (m + i);
        if (rope_rotates(i, m)) {
            query_set(h * D + i, t.pair[j].x);
            query_set(h * D + i + m, t.pair[j].y);
        }
        if (rope_stays(e, m)) {
            query_set(h * D + e, t.rest[j].x);
            query_set(h * D + e + 1, t.rest[j].y);
        }
    }
}

void rope_key(Rotated t, uint m) {
    [[unroll]] for (uint j = 0; j < 8; j++) {
        if (j >= PAIRS) break;
        const uint i = lane() + j * SUB, e = 2 * (m + i);
        if (rope_rotates(i, m)) {
            head[i] = t.pair[j].x;
            head[i + m] = t.pair[j].y;
        }
        if (rope_stays(e, m)) {
            head[e] = t.rest[j].x;
            head[e + 1] = t.rest[j].y;
        }
    }
}
