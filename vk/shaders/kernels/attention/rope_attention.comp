#version 460
#extension GL_GOOGLE_include_directive : require
// rope_store and attention_splitkv in one, for single rows on a GPU: the
// positions are shared out to SPLITS workgroups per kv head, each of which
// normalizes and rotates its query heads for itself; the one that has the last
// position also makes its key and value and stores them. A split has whole pages
// of 64 positions, as many as the row's length asks for; the last split to
// finish joins the parts. The order of a row's sums depends on its position
// alone.
//
// q, y {d * heads, R} F32, k, v {d * kv_heads, R} F32, q_norm, k_norm {d} or
// absent, freqs {rope_dim / 2, 2} F32, k_cache, v_cache {d * kv_heads,
// positions} of the kernel's type; part is scratch: 1024 words, zero before and
// after, then (d + 2) * heads * SPLITS floats per row. See rope_store.comp and
// attention_splitkv.comp for the formulas; the scores' factor is 1 / sqrt(d).
//
// op: rope_attention
// tile: 1 1 1
// local: 256
// spec: heads kv_heads head_dim
// needs: gpu shared48
// rows: 1 1
// requires: head_dim%32 head_dim<=256
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "attention/rotate.glsl"
layout(constant_id = 1) const uint HEADS = 8;
layout(constant_id = 2) const uint KV_HEADS = 1;
layout(constant_id = 3) const uint D = 128;
const uint SPLITS = ATTENTION_SPLITS, GROUP = HEADS / KV_HEADS;
const uint TILE = GROUP > 8 ? 64 : 128; // what fits 48 KiB
shared float head[2 * D]; // the new key and value
#define KV_WIDTH (KV_HEADS * D)
#include "kv.glsl"
#include "attention/cache.glsl"
#include "attention/rope_head.glsl"
#include "attention/rope_attention_args.glsl"
#include "attention/attention_tile.glsl"
#include "attention/splits_shared.glsl"

// load brings the row's queries, key and value into shared memory.
void load(uint r, uint g, bool stores) {
    Act4 queries = Act4(q + at(0, r, HEADS * D) + g * GROUP * D * 4);
    for (uint i = gl_LocalInvocationID.x; i < GROUP * D / 4; i += gl_WorkGroupSize.x) query[i] = queries.v[i];
    if (!stores) return;
    const uint64_t from = at(0, r, KV_HEADS * D) + g * D * 4;
    for (uint i = gl_LocalInvocationID.x; i < 2 * D; i += gl_WorkGroupSize.x) head[i] = Act((i < D ? k : v) + from).v[i % D];
}

// store writes the row's key and value to the cache.
void store(uint g, uint index) {
    const uint64_t kr = cache_row(k_cache, index, KV_HEADS * D), vr = cache_row(v_cache, index, KV_HEADS * D);
    for (uint i = gl_LocalInvocationID.x * KV_RUN; i < 2 * D; i += gl_WorkGroupSize.x * KV_RUN)
        kv_store(i < D ? kr : vr, g * D + i % D, i);
    sync_group();
}

void main() {
    const uint r = gl_WorkGroupID.y, g = gl_WorkGroupID.x / SPLITS, split = gl_WorkGroupID.x % SPLITS;
    const uint position = step_row(step, r, ROW_POSITION), pages = step_row(step, r, ROW_PAGES), n = position + 1;
    const uint share = (n + 64 * SPLITS - 1) / (64 * SPLITS) * 64, splits = (n + share - 1) / share;
    const uint first = split * share, last = min(n, first + share);
    const bool works = r < step.v[STEP_ROWS] && split < splits, stores = split == splits - 1;
    if (works) {
        rope_prepare(q_norm, k_norm, position, freqs, rope_dim);
        tile_begin(step, pages, first, min(TILE, last - first), page_size);
    }
    const uint index = works && stores ? cache_index(step, pages, position, page_size) : 0;
    sync_wait();
    if (works) {
        load(r, g, stores);
        barrier();
        for (uint h = gl_SubgroupID; h < GROUP + (stores ? 1 : 0); h += gl_NumSubgroups) {
            if (h < GROUP)
                rope_query(h, q_norm != 0, rope_dim, eps, 1.0 / sqrt(float(D)));
            else
                rope_key(k_norm != 0, rope_dim, eps);
        }
        barrier();
        if (stores) store(g, index);
        for (uint t = first; t < last; t += TILE) tile_add(k_cache, v_cache, pages, t, min(TILE, last - t), g * D, t == first);
        partials_store(part, y + at(0, r, HEADS * D) + g * GROUP * D * 4, r * KV_HEADS + g, split, splits);
    }
    sync_done();
}
