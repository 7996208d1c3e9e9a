#version 460
#extension GL_GOOGLE_include_directive : require
// rope_store and attention_splitkv in one, for single rows on devices that are a
// CPU: a workgroup of eight invocations does a kv head and its query heads,
// eight positions at a time. An invocation has a position while scores are
// made, and every eighth run of four elements while values are added.
//
// q, y {d * heads, R} F32, k, v {d * kv_heads, R} F32, q_norm, k_norm {d} or
// absent, freqs {rope_dim / 2, 2} F32, k_cache, v_cache {d * kv_heads,
// positions} of the kernel's type; part is not used. See rope_store.comp and
// attention_splitkv.comp for the formulas; the scores' factor is 1 / sqrt(d).
//
// op: rope_attention
// tile: 32 1 1
// local: 1 subgroups
// spec: heads kv_heads head_dim rope_dim
// needs: cpu subgroup8
// rows: 1 1
// requires: head_dim%32 head_dim<=128 rope_dim%32 heads/kv_heads<=8
#include "core/common.glsl"
#include "attention/rotate.glsl"
#include "gemv/lanes.glsl"
layout(constant_id = 1) const uint HEADS = 8;
layout(constant_id = 2) const uint KV_HEADS = 1;
layout(constant_id = 3) const uint D = 128;
layout(constant_id = 4) const uint ROPE = 128;
const uint GROUP = HEADS / KV_HEADS, PAIRS = D / 16, RUNS = D / 32;
shared float head[2 * D]; // the new key and value
#define KV_WIDTH (KV_HEADS * D)
#include "kv.glsl"
#include "kv_lane.glsl"
#include "attention/cache.glsl"

#include "push.glsl"
#include "attention/lane_heads.glsl"

const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity

vec2 query[GROUP * PAIRS];
vec4 sums[GROUP * RUNS];
float largest[GROUP], total[GROUP], weight[GROUP];

// keep writes the row's turned key and its value to the cache.
void keep(uint r, uint g, uint index) {
    const uint lane = gl_SubgroupInvocationID;
    vec2 key[PAIRS];
    const uint64_t row = at(0, r, KV_HEADS * D) + g * D * 4;
    head_load(k + row, key);
    head_rotate(key, k_norm, ROPE, eps, 1.0);
    [[unroll]] for (uint j = 0; j < PAIRS; j++) {
        const vec2 value = lane_pair(v + row, j * LANES + lane);
        [[unroll]] for (uint c = 0; c < 2; c++) {
            head[16 * j + 2 * lane + c] = key[j][c];
            head[D + 16 * j + 2 * lane + c] = value[c];
        }
    }
    barrier();
    const uint64_t kr = cache_row(k_cache, index, KV_HEADS * D), vr = cache_row(v_cache, index, KV_HEADS * D);
    for (uint i = lane * KV_RUN; i < 2 * D; i += LANES * KV_RUN) kv_store(i < D ? kr : vr, g * D + i % D, i);
    memoryBarrierBuffer();
    barrier();
}

// scores weighs the invocation's position, of cache row index, for every head.
void scores(uint index, uint g, bool valid) {
    const uint64_t row = cache_row(k_cache, index, KV_HEADS * D);
    float score[GROUP];
    [[unroll]] for (uint h = 0; h < GROUP; h++) score[h] = 0;
    [[unroll]] for (uint i = 0; i < D; i += 4) {
        const vec4 key = lane_kv4(row, g * D + i);
        [[unroll]] for (uint h = 0; h < GROUP; h++)
            [[unroll]] for (uint c = 0; c < 4; c++)
                score[h] += key[c] * subgroupShuffle(query[h * PAIRS + i / 16][c & 1], (i + c) / 2 % LANES);
    }
    [[unroll]] for (uint h = 0; h < GROUP; h++) {
        const float s = valid ? score[h] : NOTHING, top = max(largest[h], lanes_max(s)), fade = exp(largest[h] - top);
        weight[h] = exp(s - top);
        total[h] = total[h] * fade + lanes_add(weight[h]);
        largest[h] = top;
        [[unroll]] for (uint j = 0; j < RUNS; j++) sums[h * RUNS + j] *= fade;
    }
}

void main() {
    const uint r = gl_WorkGroupID.y, g = gl_WorkGroupID.x, lane = gl_SubgroupInvocationID;
    if (r >= step.v[STEP_ROWS]) return;
    const uint last = step_row(step, r, ROW_POSITION), pages = step_row(step, r, ROW_PAGES);
    head_angles(last, ROPE);
    keep(r, g, cache_index(step, pages, last, page_size));
    [[unroll]] for (uint h = 0; h < GROUP; h++) {
        vec2 a[PAIRS];
        head_load(q + at(0, r, HEADS * D) + (g * GROUP + h) * D * 4, a);
        head_rotate(a, q_norm, ROPE, eps, 1.0 / sqrt(float(D)));
        [[unroll]] for (uint j = 0; j < PAIRS; j++) query[h * PAIRS + j] = a[j];
        [[unroll]] for (uint j = 0; j < RUNS; j++) sums[h * RUNS + j] = vec4(0);
        largest[h] = NOTHING;
        total[h] = 0;
    }
    for (uint t = 0; t <= last; t += LANES) {
        const uint index = cache_index(step, pages, min(t + lane, last), page_size);
        scores(index, g, t + lane <= last);
        for (uint u = 0; u < LANES; u++) {
            const uint64_t row = cache_row(v_cache, subgroupShuffle(index, u), KV_HEADS * D);
            [[unroll]] for (uint j = 0; j < RUNS; j++) {
                const vec4 value = lane_kv4(row, g * D + 32 * j + 4 * lane);
                [[unroll]] for (uint h = 0; h < GROUP; h++) sums[h * RUNS + j] += subgroupShuffle(weight[h], u) * value;
            }
        }
    }
    [[unroll]] for (uint h = 0; h < GROUP; h++)
        [[unroll]] for (uint j = 0; j < RUNS; j++)
            [[unroll]] for (uint c = 0; c < 4; c++)
                OutF32(y + at(0, r, HEADS * D)).v[(g * GROUP + h) * D + 32 * j + 4 * lane + c] = sums[h * RUNS + j][c] / total[h];
}
