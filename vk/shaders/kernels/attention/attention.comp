#version 460
#extension GL_GOOGLE_include_directive : require
// Causal attention over a row's own sequence, query heads sharing kv heads.
//
//   y[r][h] = sum_t softmax_t(scale * q[r][h] . k[t][g]) * v[t][g],
//   t = 0 .. position(r), g = h / (heads / kv_heads)
//
// q, y {d * heads, R} F32, k_cache, v_cache {d * kv_heads, positions} of the
// kernel's type. One workgroup per head and row; d is a multiple of 8, at most
// 512. Each subgroup keeps a running maximum, sum and output over its own tiles
// of positions, one position a lane (Milakov and Gimelshein, arXiv 1805.02867);
// at the end they are joined.
//
// op: attention
// tile: 1 1 1
// local: 256
// spec:
#include "core/common.glsl"

const uint HEAD = 512, WORKERS = 8;
shared float head[HEAD]; // the query
shared vec4 sums[WORKERS * HEAD / 4];
shared float largest[WORKERS], total[WORKERS];

#include "push.glsl"
#define KV_WIDTH (kv_heads * head_dim)
#include "kv.glsl"
#include "attention/cache.glsl"

const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity

float score(uint64_t row, uint first) {
    vec4 sum = vec4(0);
    for (uint i = 0; i < head_dim; i += 8) {
        vec4 lo, hi;
        kv_load8(row, first + i, lo, hi);
        sum = fma(lo, vec4(head[i], head[i + 1], head[i + 2], head[i + 3]), sum);
        sum = fma(hi, vec4(head[i + 4], head[i + 5], head[i + 6], head[i + 7]), sum);
    }
    return scale * ((sum.x + sum.y) + (sum.z + sum.w));
}

// walk goes over the tiles of subgroup w of workers.
void walk(uint w, uint workers, uint count, uint pages, uint first, uint width) {
    const uint lane = gl_SubgroupInvocationID, lanes = gl_SubgroupSize;
    const uint mine = w * HEAD / 4;
    float top = NOTHING, sum = 0;
    for (uint i = lane; i < head_dim / 4; i += lanes) sums[mine + i] = vec4(0);
    for (uint t0 = w * lanes; t0 < count; t0 += workers * lanes) {
        const bool valid = t0 + lane < count;
        const uint index = cache_index(step, pages, min(t0 + lane, count - 1), page_size);
        float s = NOTHING;
        if (valid) s = score(cache_row(k_cache, index, width), first);
        const float higher = max(top, subgroupMax(s)), fade = exp(top - higher);
        const float p = valid ? exp(s - higher) : 0;
        sum = sum * fade + subgroupAdd(p);
        top = higher;
        const uint tile = min(lanes, count - t0);
        // Every lane takes every turn: a shuffle may not read from an idle one.
        for (uint base = 0; base < head_dim; base += 4 * lanes) {
            const bool has = base + 4 * lane < head_dim;
            const uint i = has ? base + 4 * lane : 0;
            vec4 a = sums[mine + i / 4] * fade;
            for (uint j = 0; j < tile; j++) {
                const uint64_t row = cache_row(v_cache, subgroupShuffle(index, j), width);
                a = fma(vec4(subgroupShuffle(p, j)), kv_load4(row, first + i), a);
            }
            if (has) sums[mine + i / 4] = a;
        }
    }
    if (lane == 0) {
        largest[w] = top;
        total[w] = sum;
    }
}

void main() {
    const uint h = gl_WorkGroupID.x, r = gl_WorkGroupID.y, lane = gl_LocalInvocationID.x;
    if (r >= step.v[STEP_ROWS]) return;
    const uint64_t place = at(0, r, heads * head_dim) + h * head_dim * 4;
    for (uint i = lane; i < head_dim; i += gl_WorkGroupSize.x) head[i] = F32(q + place).v[i];
    barrier();
    const uint workers = min(gl_NumSubgroups, WORKERS);
    if (gl_SubgroupID < workers)
        walk(gl_SubgroupID, workers, step_row(step, r, ROW_POSITION) + 1, step_row(step, r, ROW_PAGES),
             h / (heads / kv_heads) * head_dim, kv_heads * head_dim);
    barrier();
    float top = NOTHING, sum = 0;
    for (uint w = 0; w < workers; w++) top = max(top, largest[w]);
    for (uint w = 0; w < workers; w++) sum += total[w] * exp(largest[w] - top);
    for (uint i = lane; i < head_dim; i += gl_WorkGroupSize.x) {
        float a = 0;
        for (uint w = 0; w < workers; w++) a += sums[w * HEAD / 4 + i / 4][i & 3] * exp(largest[w] - top);
        OutF32(y + place).v[i] = a / sum;
    }
}
