#version 460
#extension GL_GOOGLE_include_directive : require
// rope_attention of single rows by matrix units, exact to float32. The positions of a
// row, in runs of sixteen, are shared out evenly to the subgroups of up to SPLITS
// workgroups of a kv head, each of which has its first run in registers before the new
// row is known. The workgroup that has the last position also makes its key and value
// and stores them, and reports for the splits that a short row leaves empty. Of a row
// with no more than NEAR positions each head has a workgroup (attention/attention_single.glsl). The
// order of a row's sums depends on its position alone.
//
// Arguments are those of rope_attention.comp; part is scratch: 1024 words, zero
// before and after, then (d + 2) * heads * SPLITS floats per row.
//
// op: rope_attention
// tile: 1 1 1
// local: 8 subgroups
// spec: heads kv_heads head_dim rope_dim page_size
// needs: gpu shared48 subgroup32 coopmat float16 warps8 mma
// rows: 1 1
// requires: head_dim%64 head_dim<=128 page_size%16 heads/kv_heads<=8
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "core/subgroup_uniform.glsl"
#include "attention/rotate.glsl"
layout(constant_id = 1) const uint HEADS = 8;
layout(constant_id = 2) const uint KV_HEADS = 1;
layout(constant_id = 3) const uint D = 128;
layout(constant_id = 4) const uint ROPE = 128;
layout(constant_id = 5) const uint PAGE = 64;
const uint SPLITS = ATTENTION_SPLITS, GROUP = HEADS / KV_HEADS, WARPS = 8, SUB = 32;
shared float head[2 * D > SPLITS * GROUP ? 2 * D : SPLITS * GROUP]; // the new key and value
shared vec4 query[GROUP * D / 4];
#include "attention/rope_attention_args.glsl"
#define KV_WIDTH (KV_HEADS * D)
#define KV_SEEN restrict readonly
#define ROLLED_LOOP for
#include "kv.glsl"
#include "kv_pieces.glsl"
#include "attention/cache.glsl"
void query_set(uint i, float a) { query[i / 4][i & 3] = a; }
#include "core/subgroup_reduce.glsl"
#include "attention/rope_rotated.glsl"
#include "kv_round.glsl"
#include "attention/store_kv_row.glsl"
#include "mma/mma.glsl"
#include "attention/attention_mma.glsl"
#include "attention/attention_mma_runs.glsl"
#include "attention/attention_mma_add.glsl"
#include "attention/attention_single.glsl"
#include "attention/splits.glsl"

// load makes the row's queries, a subgroup a head; where the last position is, the
// first subgroup also makes the new key, the second one the new value.
void load(uint r, uint g, bool makes, uint index) {
    const uint w = subgroup_uniform(gl_SubgroupID), m = ROPE / 2;
    Rotated query_head, key;
    float value[4]; // D / SUB is at most 4
    const uint64_t row = at(0, r, KV_HEADS * D) + g * D * 4;
    if (w < GROUP) query_head = rope_load(q + at(0, r, HEADS * D) + (g * GROUP + w) * D * 4, m);
    if (makes && w == 0) key = rope_load(k + row, m);
    if (makes && w == 1)
        [[unroll]] for (uint j = 0; j < 4; j++)
            if (j < D / SUB) value[j] = Act(v + row).v[lane() + j * SUB];
    if (w < GROUP) {
        rope_rotate(query_head, 0, q_norm != 0, m, eps, 1.0 / sqrt(float(D)));
        rope_query(query_head, w, m);
        subgroup_sync();
        split_query(w);
    }
    if (!makes || w > 1) return;
    if (w == 0) {
        rope_rotate(key, D, k_norm != 0, m, eps, 1.0);
        rope_key(key, m);
    } else {
        [[unroll]] for (uint j = 0; j < 4; j++)
            if (j < D / SUB) head[D + lane() + j * SUB] = value[j];
    }
    store_kv_row(w, g, index, true);
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
        single_load(r, g, h, h == 0, index);
        barrier();
        single_softmax(position);
        barrier();
        single_store(y + at(0, r, HEADS * D) + (g * GROUP + h) * D * 4);
    }
    sync_done_for(wanted && h == 0 ? SPLITS - GROUP + 1 : 1);
}

void main() {
    const uint r = gl_WorkGroupID.y, g = gl_WorkGroupID.x / SPLITS, split = gl_WorkGroupID.x % SPLITS, w = subgroup_uniform(gl_SubgroupID);
    const uint position = subgroup_uniform(step_row(step, r, ROW_POSITION)), pages = subgroup_uniform(step_row(step, r, ROW_PAGES));
    const uint runs = (position + RUN - 1) / RUN, splits = clamp((runs + WARPS - 1) / WARPS, 1, SPLITS);
    const bool wanted = r < subgroup_uniform(step.v[STEP_ROWS]), is_near = position < NEAR, makes = split == splits - 1;
    if (wanted && split >= (is_near ? GROUP : splits)) return; // another split reports for this one
    if (is_near) {
        near(r, g, split, wanted, position, pages);
        return;
    }
    const uint part_of = split * WARPS + w, t = RUN * (part_of * runs / (splits * WARPS));
    const uint last = min(position, RUN * ((part_of + 1) * runs / (splits * WARPS)));
    uint index = 0;
    if (wanted) {
        runs_begin(pages, t, last, g);
        rope_prepare(q_norm, k_norm, position, freqs, ROPE / 2);
        if (makes) index = cache_index(step, pages, position, PAGE);
        for (uint i = gl_LocalInvocationID.x; i < 16 * PITCH; i += gl_WorkGroupSize.x) query_tile[i] = uvec4(0);
        if (gl_LocalInvocationID.x < 8) query_unit[gl_LocalInvocationID.x] = 0;
        barrier();
    }
    sync_wait();
    if (wanted) {
        load(r, g, makes, index);
        barrier();
        if (makes && w < GROUP) fresh_score(w);
        adds_fresh = makes;
        runs_add(pages, t, last, g);
        splits_store(part, y + at(0, r, HEADS * D) + g * GROUP * D * 4, r * KV_HEADS + g, split, splits);
    }
    sync_done_for(wanted && makes ? SPLITS - splits + 1 : 1);
}
