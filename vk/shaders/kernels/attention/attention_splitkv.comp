#version 460
#extension GL_GOOGLE_include_directive : require
// Causal attention of few rows over long sequences: the positions of a row are
// shared out to SPLITS workgroups per kv head, in chunks of CHUNK, split s taking
// chunks s, s + SPLITS, …; the last of them to finish joins their parts (Dao et
// al., flash-decoding). All query heads of a kv head are served at once. The
// order of a row's sums depends on its position alone.
//
//   y[r][h] = sum_t softmax_t(scale * q[r][h] . k[t][g]) * v[t][g],
//   t = 0 .. position(r), g = h / (heads / kv_heads)
//
// q, y {d * heads, R} F32, k_cache, v_cache {d * kv_heads, positions} of the
// kernel's type, d a multiple of 8; part {(d + 2) * heads * SPLITS, R} F32 is
// scratch; done {at least kv_heads * R} U32 is zero before and after. d * heads
// / kv_heads is at most 2048 and heads / kv_heads at most 16.
//
// op: attention_splitkv
// tile: 1 1 1
// local: 128
// spec:
#include "core/common.glsl"
const uint GROUP = 2048, SPLITS = ATTENTION_SPLITS, CHUNK = 128, TILE = 128, HEADS = 16;
shared vec4 head4[GROUP / 4]; // the queries
shared vec4 sums[GROUP / 4];
shared float p[HEADS * TILE];
shared uint place[TILE];
shared float largest[HEADS], total[HEADS], fade[HEADS];
shared uint finished;
const float head[1] = float[1](0); // kv.glsl stores from here; this kernel does not
#include "attention/splits_partial.glsl"

#define PUSH_done Done
#include "push.glsl"
#define KV_WIDTH (kv_heads * head_dim)
#include "kv.glsl"
#include "attention/cache.glsl"

const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity

// scores fills p with the scores of position t for every head, and its place.
void scores(uint tile, uint t, uint last, uint pages, uint first, uint width, uint group) {
    const uint lane = gl_LocalInvocationID.x, quads = head_dim / 4;
    for (uint i = lane; i < tile; i += gl_WorkGroupSize.x) {
        const bool valid = t + i <= last;
        const uint index = cache_index(step, pages, min(t + i, last), page_size);
        const uint64_t row = cache_row(k_cache, index, width);
        place[i] = index;
        for (uint h0 = 0; h0 < group; h0 += 4) {
            vec4 sum = vec4(0);
            for (uint d = 0; d < head_dim; d += 8) {
                vec4 lo, hi;
                kv_load8(row, first + d, lo, hi);
                for (uint j = 0; j < 4; j++) {
                    const uint a = min(h0 + j, group - 1) * quads + d / 4;
                    sum[j] += dot(lo, head4[a]) + dot(hi, head4[a + 1]);
                }
            }
            for (uint j = 0; j < 4 && h0 + j < group; j++) p[(h0 + j) * TILE + i] = valid ? scale * sum[j] : NOTHING;
        }
    }
}

// softmax turns scores into exponentials against the running maximum.
void softmax(uint tile, uint group) {
    for (uint h = gl_SubgroupID; h < group; h += gl_NumSubgroups) {
        float top = NOTHING, sum = 0;
        for (uint i = gl_SubgroupInvocationID; i < tile; i += gl_SubgroupSize) top = max(top, p[h * TILE + i]);
        top = max(largest[h], subgroupMax(top));
        for (uint i = gl_SubgroupInvocationID; i < tile; i += gl_SubgroupSize) {
            const float e = exp(p[h * TILE + i] - top);
            p[h * TILE + i] = e;
            sum += e;
        }
        sum = subgroupAdd(sum);
        if (gl_SubgroupInvocationID == 0) {
            fade[h] = exp(largest[h] - top);
            total[h] = total[h] * fade[h] + sum;
            largest[h] = top;
        }
    }
}

// add accumulates the values of a tile, four elements of a head at a time.
void add(uint tile, uint first, uint width, uint group) {
    const uint quads = head_dim / 4;
    for (uint i = gl_LocalInvocationID.x; i < group * quads; i += gl_WorkGroupSize.x) {
        const uint h = i / quads, d = first + i % quads * 4;
        vec4 a = sums[i] * fade[h];
        for (uint j = 0; j < tile; j += 4) {
            const uint at_p = h * TILE + j;
            vec4 v[4]; // loaded ahead of their use
            for (uint u = 0; u < 4; u++) v[u] = kv_load4(cache_row(v_cache, place[j + u], width), d);
            for (uint u = 0; u < 4; u++) a = fma(vec4(p[at_p + u]), v[u], a);
        }
        sums[i] = a;
    }
}

#include "attention/splits_merge_all.glsl"

void main() {
    const uint g = gl_WorkGroupID.x / SPLITS, split = gl_WorkGroupID.x % SPLITS, r = gl_WorkGroupID.y, lane = gl_LocalInvocationID.x;
    if (r >= step.v[STEP_ROWS]) return;
    const uint last = step_row(step, r, ROW_POSITION), splits = min(SPLITS, last / CHUNK + 1);
    if (split >= splits) return;
    const uint pages = step_row(step, r, ROW_PAGES), group = heads / kv_heads, width = kv_heads * head_dim;
    const uint64_t place_row = at(0, r, heads * head_dim) + g * group * head_dim * 4;
    for (uint i = lane; i < group * head_dim / 4; i += gl_WorkGroupSize.x) {
        head4[i] = F32x4(q + place_row).v[i];
        sums[i] = vec4(0);
    }
    for (uint h = lane; h < group; h += gl_WorkGroupSize.x) {
        largest[h] = NOTHING;
        total[h] = 0;
    }
    for (uint t = split * CHUNK; t <= last; t += SPLITS * CHUNK) {
        const uint tile = min(CHUNK, (last - t + 4) & ~3u); // whole fours; scores beyond the last are nothing
        barrier();
        scores(tile, t, last, pages, g * head_dim, width, group);
        barrier();
        softmax(tile, group);
        barrier();
        add(tile, g * head_dim, width, group);
    }
    barrier();
    const uint stride = group * (head_dim + 2);
    const uint64_t parts = part + uint64_t((r * kv_heads + g) * SPLITS) * stride * 4;
    for (uint i = lane; i < group * head_dim; i += gl_WorkGroupSize.x) {
        if (splits == 1)
            OutF32(y + place_row).v[i] = sums[i / 4][i & 3] / total[i / head_dim];
        else
            Part(parts).v[split * stride + i] = sums[i / 4][i & 3];
    }
    if (splits == 1) return;
    for (uint h = lane; h < group; h += gl_WorkGroupSize.x) {
        Part(parts).v[split * stride + group * head_dim + h] = largest[h];
        Part(parts).v[split * stride + group * head_dim + group + h] = total[h];
    }
    memoryBarrierBuffer();
    barrier();
    if (lane == 0) finished = atomicAdd(done.v[r * kv_heads + g], 1);
    barrier();
    if (finished != splits - 1) return;
    memoryBarrierBuffer();
    merge(parts, stride, splits, y + place_row, group);
    if (lane == 0) done.v[r * kv_heads + g] = 0;
}
