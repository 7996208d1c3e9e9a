#version 460
#extension GL_GOOGLE_include_directive : require
// Head normalization, rotary embedding and the writing of the kv cache.
//
//   a = q_norm[i] * q[h][i] / sqrt(mean_i(q[h][i]^2) + eps), if q_norm is there
//   q[h][i]     = a[i] * cos(t) - a[i + m] * sin(t)      i < m = rope_dim / 2
//   q[h][i + m] = a[i] * sin(t) + a[i + m] * cos(t)
//   t = 2 pi * position * (freqs[0][i] + freqs[1][i])
//
// and k likewise with k_norm; elements from rope_dim on are not rotated, v is
// neither normalized nor rotated; k and v go to the row's place in the cache.
// q {d * heads, R} in place, k, v {d * kv_heads, R}, q_norm, k_norm {d} or
// absent, freqs {m, 2}, all F32; k_cache, v_cache {d * kv_heads, positions} of
// the kernel's type. One workgroup per head and row; d is at most 1024.
//
// op: rope_store
// tile: 1 1 1
// local: 64
// spec:
#include "core/common.glsl"
#include "core/reduce.glsl"
#include "attention/rotate.glsl"

shared float head[1024];

#define PUSH_freqs F32
#include "push.glsl"
#define KV_WIDTH (kv_heads * head_dim)
#include "kv.glsl"
#include "attention/cache.glsl"

void normalize(uint64_t w) {
    float sum = 0;
    for (uint i = gl_LocalInvocationID.x; i < head_dim; i += gl_WorkGroupSize.x) sum = fma(head[i], head[i], sum);
    const float scale = 1.0 / sqrt(group_sum(sum) / float(head_dim) + eps);
    for (uint i = gl_LocalInvocationID.x; i < head_dim; i += gl_WorkGroupSize.x) head[i] *= scale * F32(w).v[i];
    barrier();
}

void rotate(uint position) {
    const uint m = rope_dim / 2;
    for (uint i = gl_LocalInvocationID.x; i < m; i += gl_WorkGroupSize.x) {
        const vec2 cs = rotate_cos_sin(rotate_fraction(position, freqs.v[i], freqs.v[m + i]));
        const float a = head[i], b = head[i + m];
        head[i] = a * cs.x - b * cs.y;
        head[i + m] = a * cs.y + b * cs.x;
    }
    barrier();
}

void main() {
    const uint r = gl_WorkGroupID.y, h = gl_WorkGroupID.x, lane = gl_LocalInvocationID.x;
    if (r >= step.v[STEP_ROWS]) return;
    const bool is_q = h < heads, is_k = !is_q && h < heads + kv_heads;
    const uint kv_head = is_k ? h - heads : h - heads - kv_heads;
    const uint width = (is_q ? heads : kv_heads) * head_dim, first = (is_q ? h : kv_head) * head_dim;
    const uint64_t row = at(is_q ? q : is_k ? k : v, r, width) + first * 4;
    const uint position = step_row(step, r, ROW_POSITION);
    for (uint i = lane; i < head_dim; i += gl_WorkGroupSize.x) head[i] = F32(row).v[i];
    barrier();
    if (is_q || is_k) {
        const uint64_t w = is_q ? q_norm : k_norm;
        if (w != 0) normalize(w);
        rotate(position);
    }
    if (is_q) {
        for (uint i = lane; i < head_dim; i += gl_WorkGroupSize.x) OutF32(row).v[i] = head[i];
        return;
    }
    const uint index = cache_index(step, step_row(step, r, ROW_PAGES), position, page_size);
    const uint64_t place = cache_row(is_k ? k_cache : v_cache, index, width);
    for (uint i = lane * KV_RUN; i < head_dim; i += gl_WorkGroupSize.x * KV_RUN) kv_store(place, first + i, i);
}
