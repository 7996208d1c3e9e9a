#version 460
#extension GL_GOOGLE_include_directive : require
// attention_splitkv for a few rows on a GPU: a subgroup's invocations share a
// position's key out, so that a short sequence's scores take as little time as its
// values, and there are as many splits as a few rows need to fill the device.
//
//   y[r][h] = sum_t softmax_t(scale * q[r][h] . k[t][g]) * v[t][g],
//   t = 0 .. position(r), g = h / (heads / kv_heads)
//
// q, y {d * heads, R} F32, k_cache, v_cache {d * kv_heads, positions} of halves;
// part {(d + 2) * heads * 32, R} F32 is scratch; done {at least kv_heads * R} U32
// is zero before and after. Slot s of a row and kv head takes every splits'th run
// of 128 positions from run s on; the last to finish joins the parts. The order
// of a row's sums depends on its position alone.
//
// op: attention_splitkv
// types: F16
// tile: 1 1 1
// max_workgroups: 64
// local: 8 subgroups
// spec: heads kv_heads head_dim
// needs: gpu warps8
// rows: 2 64
// requires: head_dim%32 head_dim<=128 kv_heads<=16
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "core/f16.glsl"
layout(constant_id = 1) const uint HEADS = 8;
layout(constant_id = 2) const uint KV_HEADS = 1;
layout(constant_id = 3) const uint D = 128;
const uint GROUP = HEADS / KV_HEADS, RUN = 128, WIDTH = KV_HEADS * D, KV_BLOCK = 1, KV_BYTES = 2, WARPS = 8;
const uint SUB = gl_WorkGroupSize.x / WARPS, POWER = D < 64 ? 8 : D < 128 ? 16 : 32;
const uint LANES = POWER < SUB ? POWER : SUB; // of a position
const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity
shared vec4 query[GROUP * D / 4], sums[GROUP * D / 4];
shared float p[GROUP * RUN];
shared uint place[RUN];
shared float largest[GROUP], total[GROUP], fade[GROUP];
shared uint finished;
#include "attention/cache.glsl"
#include "attention/splits_partial.glsl"

// The cache's newest rows come from the dispatch before.
layout(buffer_reference, scalar, buffer_reference_align = 8) coherent readonly buffer Cache { uvec2 v[]; };
#define PUSH_done Done
#include "push.glsl"
#include "sync/sync_main.glsl"
#include "attention/splits_merge_all.glsl"
#include "attention/splits_store.glsl"

// cached gives elements 4 * i on of kv head g.
vec4 cached(uint64_t base, uint index, uint g, uint i) {
    const uvec2 w = Cache(cache_row(base, index, WIDTH)).v[g * D / 4 + i];
    return vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y));
}

// scores fills p with the run's scores, every team a position.
void scores(uint g, uint count) {
    const uint lane = gl_SubgroupInvocationID % LANES, team = gl_LocalInvocationID.x / LANES, teams = gl_WorkGroupSize.x / LANES;
    for (uint i0 = 0; i0 < count; i0 += teams) {
        const uint i = min(i0 + team, count - 1);
        for (uint h = 0; h < GROUP; h += 4) {
            vec4 sum = vec4(0);
            for (uint d = lane; d < D / 4; d += LANES) {
                const vec4 key = cached(k_cache, place[i], g, d);
                [[unroll]] for (uint j = 0; j < 4; j++) sum[j] += dot(key, query[min(h + j, GROUP - 1) * (D / 4) + d]);
            }
            [[unroll]] for (uint mask = LANES / 2; mask > 0; mask /= 2) sum += subgroupShuffleXor(sum, mask);
            [[unroll]] for (uint j = 0; j < 4; j++)
                if (lane == j % LANES && h + j < GROUP) p[(h + j) * RUN + i] = scale * sum[j];
        }
    }
}

// softmax turns scores into exponentials against the running maximum.
void softmax(uint count) {
    for (uint h = gl_SubgroupID; h < GROUP; h += WARPS) {
        float top = NOTHING, sum = 0;
        for (uint i = gl_SubgroupInvocationID; i < count; i += SUB) top = max(top, p[h * RUN + i]);
        top = max(largest[h], subgroupMax(top));
        for (uint i = gl_SubgroupInvocationID; i < RUN; i += SUB) {
            const float e = i < count ? exp(p[h * RUN + i] - top) : 0;
            p[h * RUN + i] = e; // nothing for what the last four are filled up with
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

// add accumulates the run's values, four elements of a head an invocation.
void add(uint g, uint count) {
    for (uint i = gl_LocalInvocationID.x; i < GROUP * D / 4; i += gl_WorkGroupSize.x) {
        const uint h = i / (D / 4), d = i % (D / 4);
        vec4 a = sums[i] * fade[h];
        for (uint j = 0; j < count; j += 4) {
            vec4 v[4]; // loaded ahead of their use
            [[unroll]] for (uint u = 0; u < 4; u++) v[u] = cached(v_cache, place[min(j + u, count - 1)], g, d);
            [[unroll]] for (uint u = 0; u < 4; u++) a = fma(vec4(p[h * RUN + j + u]), v[u], a);
        }
        sums[i] = a;
    }
}

void attend(uint r, uint g, uint split, uint splits, uint most, uint last) {
    const uint64_t row = at(0, r, HEADS * D) + g * GROUP * D * 4;
    const uint lane = gl_LocalInvocationID.x, pages = step_row(step, r, ROW_PAGES);
    for (uint i = lane; i < GROUP * D / 4; i += gl_WorkGroupSize.x) {
        query[i] = Act4(q + row).v[i];
        sums[i] = vec4(0);
    }
    for (uint h = lane; h < GROUP; h += gl_WorkGroupSize.x) {
        largest[h] = NOTHING;
        total[h] = 0;
    }
    for (uint t = split * RUN; t <= last; t += most * RUN) {
        const uint count = min(RUN, last - t + 1);
        if (t != split * RUN) {
            barrier();
            for (uint i = lane; i < count; i += gl_WorkGroupSize.x) place[i] = cache_index(step, pages, t + i, page_size);
        }
        barrier();
        scores(g, count);
        barrier();
        softmax(count);
        barrier();
        add(g, count);
    }
    barrier();
    store(r, g, split, splits, y + row);
}

void main() {
    const uint most = gl_NumWorkGroups.x / KV_HEADS, g = gl_WorkGroupID.x / most, split = gl_WorkGroupID.x % most, r = gl_WorkGroupID.y;
    const bool is_row = r < step.v[STEP_ROWS] && g < KV_HEADS;
    const uint last = is_row ? step_row(step, r, ROW_POSITION) : 0, splits = is_row ? min(most, last / RUN + 1) : 0;
    if (split < splits) // the first run's places do not depend on what is waited for
        for (uint i = gl_LocalInvocationID.x; i < min(RUN, last - split * RUN + 1); i += gl_WorkGroupSize.x)
            place[i] = cache_index(step, step_row(step, r, ROW_PAGES), split * RUN + i, page_size);
    sync_wait();
    if (split < splits) attend(r, g, split, splits, most, last);
    sync_done();
}
