#version 460
#extension GL_GOOGLE_include_directive : require
// rope_store for a few rows on a GPU: see there for the formula. One workgroup
// eight heads of a row, a subgroup each; the angles, which depend on the position
// alone, are made before the row is there.
//
// op: rope_store
// tile: 8 1 1
// local: 8 subgroups
// spec: head_dim heads kv_heads rope_dim page_size
// needs: gpu warps8
// rows: 2 128
// requires: head_dim<=512
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "attention/rotate.glsl"
layout(constant_id = 1) const uint D = 128;
layout(constant_id = 2) const uint HEADS = 8;
layout(constant_id = 3) const uint KV_HEADS = 1;
layout(constant_id = 4) const uint ROPE = 128;
layout(constant_id = 5) const uint PAGE = 64;
const uint SUB = gl_WorkGroupSize.x / 8;
#include "core/subgroup_reduce.glsl"
shared float head[8 * D]; // one a subgroup
shared vec2 turn[D / 2 + 1]; // cos and sin of each pair's angle
#define KV_WIDTH (KV_HEADS * D)
#include "kv.glsl"
#include "attention/cache.glsl"

#define PUSH_freqs F32
#include "push.glsl"
#include "sync/sync_main.glsl"

// load brings a head into shared memory, normalized with the weights w, if any.
void load(uint64_t x, uint64_t w, uint mine) {
    float sum = 0;
    [[dont_unroll]] for (uint i = gl_SubgroupInvocationID; i < D; i += SUB) {
        const float a = Act(x).v[i];
        head[mine + i] = w != 0 ? a * F32(w).v[i] : a;
        sum = fma(a, a, sum);
    }
    if (w == 0) return;
    const float scale = 1.0 / sqrt(subgroup_sum(sum) / float(D) + eps);
    [[dont_unroll]] for (uint i = gl_SubgroupInvocationID; i < D; i += SUB) head[mine + i] *= scale;
}

void rotate(uint mine) {
    const uint m = ROPE / 2;
    [[dont_unroll]] for (uint i = gl_SubgroupInvocationID; i < m; i += SUB) {
        const float a = head[mine + i], b = head[mine + i + m];
        head[mine + i] = a * turn[i].x - b * turn[i].y;
        head[mine + i + m] = a * turn[i].y + b * turn[i].x;
    }
}

void store(uint r, uint h, uint index) {
    const uint mine = gl_SubgroupID * D, width = KV_HEADS * D;
    const bool is_q = h < HEADS, is_k = !is_q && h < HEADS + KV_HEADS;
    const uint first = (is_q ? h : is_k ? h - HEADS : h - HEADS - KV_HEADS) * D;
    const uint64_t x = at(is_q ? q : is_k ? k : v, r, is_q ? HEADS * D : width) + first * 4;
    load(x, is_q ? q_norm : is_k ? k_norm : 0, mine);
    subgroup_sync();
    if (is_q || is_k) rotate(mine);
    subgroup_sync();
    if (is_q) {
        [[dont_unroll]] for (uint i = gl_SubgroupInvocationID; i < D; i += SUB) PutF32(x).v[i] = head[mine + i];
        return;
    }
    const uint64_t to = cache_row(is_k ? k_cache : v_cache, index, width);
    [[dont_unroll]] for (uint i = gl_SubgroupInvocationID * KV_RUN; i < D; i += SUB * KV_RUN) kv_store(to, first + i, mine + i);
}

void main() {
    const uint r = gl_WorkGroupID.y, h = gl_WorkGroupID.x * 8 + gl_SubgroupID;
    const bool is_row = r < step.v[STEP_ROWS];
    uint index = 0;
    if (is_row) {
        const uint position = step_row(step, r, ROW_POSITION);
        index = cache_index(step, step_row(step, r, ROW_PAGES), position, PAGE);
        for (uint i = gl_LocalInvocationID.x; i < ROPE / 2; i += gl_WorkGroupSize.x)
            turn[i] = rotate_cos_sin(rotate_fraction(position, freqs.v[i], freqs.v[ROPE / 2 + i]));
    }
    sync_wait();
    sync_group();
    if (is_row && h < HEADS + 2 * KV_HEADS) store(r, h, index);
    sync_done();
}
