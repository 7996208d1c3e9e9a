#version 460
#extension GL_GOOGLE_include_directive : require
// rope_attention by matrix units, exact to float32: with a cache of halves only
// queries and weights have more digits than a half, so each is the sum of two
// halves, and eight heads fill the sixteen rows of a matrix. Keys and values of
// earlier positions are loaded before the new row is known. The
// positions are shared out to SLOTS workgroups a kv head, TILE at a time; the
// workgroup that has the last position also makes its key and value and stores
// them, and reports for the slots that a short row leaves empty. Of a row with no
// more than NEAR positions each head has a workgroup (attention_near.glsl). The
// order of a row's sums depends on its position alone.
//
// Arguments are those of rope_attention.comp; part is scratch: 1024 words, zero
// before and after, then (d + 2) * heads * SLOTS floats a row.
//
// op: rope_attention
// types: F16
// tile: 1 1 1
// local: 8 subgroups
// spec: heads kv_heads head_dim rope_dim page_size
// needs: gpu shared48 subgroup32 coopmat float16 warps8
// rows: 1 1
// when: head_dim%64 head_dim<=128 page_size%16 heads/kv_heads<=8
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "same.glsl"
#include "turn.glsl"
layout(constant_id = 1) const uint HEADS = 8;
layout(constant_id = 2) const uint KV_HEADS = 1;
layout(constant_id = 3) const uint D = 128;
layout(constant_id = 4) const uint ROPE = 128;
layout(constant_id = 5) const uint PAGE = 64;
const uint SLOTS = 32, GROUP = HEADS / KV_HEADS, WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
shared float head[2 * D > SLOTS * GROUP ? 2 * D : SLOTS * GROUP]; // the new key and value
#include "kv.glsl"
#include "kv_settle.glsl"
#include "cache.glsl"
#include "rope_attention_args.glsl"
#include "attention_matrix.glsl"
#include "rope_turned.glsl"
#include "attention_products.glsl"
#include "attention_slots.glsl"

#define KEEP_LOOP for
#include "keep_row.glsl"
#include "attention_near.glsl"

// new_row keeps the new key, or the new value, and adds it to what the matrices
// are loaded from.
void new_row(uint which, uint g, uint index, uint row) {
    keep_row(which, g, index, true);
    subgroup_sync();
    if (row < TILE) stage_new(which, row);
}

// take brings the row's queries, a subgroup a head; where the last position is,
// the first one also makes the new key, the second one the new value.
void take(uint r, uint g, bool makes, uint index, uint row_of_new) {
    const uint w = same(gl_SubgroupID), m = ROPE / 2;
    Turned query_head, key;
    float value[16]; // D / SUB is at most 16
    const uint64_t row = at(0, r, KV_HEADS * D) + g * D * 4;
    if (w < GROUP) query_head = rope_load(q + at(0, r, HEADS * D) + (g * GROUP + w) * D * 4, m);
    if (makes && w == 0) key = rope_load(k + row, m);
    if (makes && w == 1)
        [[unroll]] for (uint j = 0; j < 16; j++)
            if (j < D / SUB) value[j] = Act(v + row).v[lane() + j * SUB];
    if (w < GROUP) {
        rope_turn(query_head, 0, q_norm != 0, m, eps, 1.0 / sqrt(float(D)));
        rope_query(query_head, w, m);
        subgroup_sync();
        split_query(w);
    }
    if (!makes) return;
    if (w == 0) {
        rope_turn(key, D, k_norm != 0, m, eps, 1.0);
        rope_key(key, m);
    } else {
        [[unroll]] for (uint j = 0; j < 16; j++)
            if (j < D / SUB) head[D + lane() + j * SUB] = value[j];
    }
    new_row(w, g, index, row_of_new);
}

// near computes query head h of group g of a row with few positions.
void near(uint r, uint g, uint h, bool wanted, uint position, uint pages) {
    uint index = 0;
    if (wanted) {
        near_load(pages, position, g);
        rope_prepare(q_norm, k_norm, position, freqs, ROPE / 2);
        index = cache_index(step, pages, position, PAGE);
        barrier();
    }
    sync_wait();
    if (wanted) {
        near_take(r, g, h, h == 0, index);
        barrier();
        near_weigh(position);
        barrier();
        near_put(y + at(0, r, HEADS * D) + (g * GROUP + h) * D * 4);
    }
    sync_done_for(wanted && h == 0 ? SLOTS - GROUP + 1 : 1);
}

void main() {
    const uint r = gl_WorkGroupID.y, g = gl_WorkGroupID.x / SLOTS, slot = gl_WorkGroupID.x % SLOTS;
    const uint position = same(step_row(step, r, ROW_POSITION)), pages = same(step_row(step, r, ROW_PAGES)), n = position + 1;
    const uint share = max(2 * TILE, (n + 32 * SLOTS - 1) / (32 * SLOTS) * 32), slots = (n + share - 1) / share;
    const uint first = slot * share, end = min(n, first + share);
    const bool wanted = r < same(step.v[STEP_ROWS]), stores = slot == slots - 1, makes = stores && same(gl_SubgroupID) < 2;
    if (wanted && slot >= (n > NEAR ? slots : GROUP)) return; // another slot reports for this one
    if (n <= NEAR) {
        near(r, g, slot, wanted, position, pages);
        return;
    }
    uint index = 0;
    if (wanted) {
        tile_load(pages, first, min(end, position), g);
        rope_prepare(q_norm, k_norm, position, freqs, ROPE / 2);
        if (makes) index = cache_index(step, pages, position, PAGE);
        for (uint i = gl_LocalInvocationID.x; i < 16 * PITCH; i += gl_WorkGroupSize.x) query_tile[i] = uvec4(0);
        tile_store(first, position);
        if (first + TILE < end) tile_load(pages, first + TILE, min(end, position), g);
        barrier();
    }
    sync_wait();
    if (wanted) {
        take(r, g, makes, index, position - first);
        barrier();
        matrix_run(pages, first, end, position, g);
        slots_put(part, y + at(0, r, HEADS * D) + g * GROUP * D * 4, r * KV_HEADS + g, slot, slots);
    }
    sync_done_for(wanted && stores ? SLOTS - slots + 1 : 1);
}
