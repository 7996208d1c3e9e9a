#version 460
#extension GL_GOOGLE_include_directive : require
// rope_store for many rows, whose angles are computed once a row: see there for
// the formula.
//
// One workgroup per row; its subgroups take the heads in turns.
//
// op: rope_store
// tile: all 1 1
// local: 8 subgroups
// spec: head_dim
// needs: gpu warps8
// rows: 9 0
// requires: head_dim<=512
#include "core/common.glsl"
#include "attention/rotate.glsl"
layout(constant_id = 1) const uint D = 128;
shared float head[8 * D]; // one a subgroup
shared vec2 turn[D / 2 + 1]; // cos and sin of each pair's angle

#define PUSH_freqs F32
#include "push.glsl"
#define KV_WIDTH (kv_heads * D)
#include "kv.glsl"
#include "attention/cache.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 4) restrict buffer Floats { float v[]; };

// norm_at is what element i is multiplied by, scale being of the whole head.
float norm_at(uint64_t w, uint i, float scale) { return w != 0 ? scale * F32(w).v[i] : 1.0; }

float head_scale(Floats x, uint64_t w) {
    if (w == 0) return 1.0;
    float sum = 0;
    for (uint i = gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize) sum = fma(x.v[i], x.v[i], sum);
    return 1.0 / sqrt(subgroupAdd(sum) / float(D) + eps);
}

// turned gives element pair i of a head.
vec2 turned(Floats x, uint64_t w, float scale, uint i) {
    const uint m = rope_dim / 2;
    const float a = x.v[i] * norm_at(w, i, scale), b = x.v[i + m] * norm_at(w, i + m, scale);
    return vec2(a * turn[i].x - b * turn[i].y, a * turn[i].y + b * turn[i].x);
}

void rotate_query(Floats x) {
    const float scale = head_scale(x, q_norm);
    for (uint i = gl_SubgroupInvocationID; i < rope_dim / 2; i += gl_SubgroupSize) {
        const vec2 p = turned(x, q_norm, scale, i);
        x.v[i] = p.x;
        x.v[i + rope_dim / 2] = p.y;
    }
    for (uint i = rope_dim + gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize) x.v[i] *= norm_at(q_norm, i, scale);
}

// rotate_key leaves the turned key in the subgroup's part of head.
void rotate_key(Floats x, uint mine) {
    const float scale = head_scale(x, k_norm);
    for (uint i = gl_SubgroupInvocationID; i < rope_dim / 2; i += gl_SubgroupSize) {
        const vec2 p = turned(x, k_norm, scale, i);
        head[mine + i] = p.x;
        head[mine + i + rope_dim / 2] = p.y;
    }
    for (uint i = rope_dim + gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize) head[mine + i] = x.v[i] * norm_at(k_norm, i, scale);
}

void main() {
    const uint r = gl_WorkGroupID.y, mine = gl_SubgroupID * D, width = kv_heads * D;
    if (r >= step.v[STEP_ROWS]) return;
    const uint position = step_row(step, r, ROW_POSITION), index = cache_index(step, step_row(step, r, ROW_PAGES), position, page_size);
    for (uint i = gl_LocalInvocationID.x; i < rope_dim / 2; i += gl_WorkGroupSize.x)
        turn[i] = rotate_cos_sin(rotate_fraction(position, freqs.v[i], freqs.v[rope_dim / 2 + i]));
    barrier();
    for (uint h = gl_SubgroupID; h < heads + 2 * kv_heads; h += gl_NumSubgroups) {
        if (h < heads) {
            rotate_query(Floats(at(q, r, heads * D) + h * D * 4));
            continue;
        }
        const bool is_k = h < heads + kv_heads;
        const uint first = (h - heads - (is_k ? 0 : kv_heads)) * D;
        Floats x = Floats(at(is_k ? k : v, r, width) + first * 4);
        subgroupBarrier();
        if (is_k)
            rotate_key(x, mine);
        else
            for (uint i = gl_SubgroupInvocationID; i < D; i += gl_SubgroupSize) head[mine + i] = x.v[i];
        subgroupBarrier();
        const uint64_t place = cache_row(is_k ? k_cache : v_cache, index, width);
        for (uint i = gl_SubgroupInvocationID * KV_RUN; i < D; i += gl_SubgroupSize * KV_RUN) kv_store(place, first + i, mine + i);
    }
}
