#version 460
#extension GL_GOOGLE_include_directive : require
// rope_store and attention_splitkv in one for a few rows on a GPU, by matrix units, exact
// to float32. The positions of a row, in runs of sixteen, are shared out evenly to the
// subgroups of up to SPLITS workgroups of a kv head, each of which has its first run in
// registers before the new row is known. The order of a row's sums depends on its
// position alone.
//
// Arguments are those of rope_attention.comp; part is scratch: 1024 words, zero before
// and after, then (d + 2) * heads * SPLITS floats per row.
//
// Rows of a step may be of one sequence. Then a row's workgroups wait before they read
// the cache, and each stores for itself the keys and values of the step's rows before
// its own: all that store a row store the same.
//
// op: rope_attention
// tile: 4 1 1
// local: 8 subgroups
// spec: heads kv_heads head_dim rope_dim page_size
// needs: gpu shared48 subgroup32 coopmat float16 warps8 mma
// rows: 2 15
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
const uint SPLITS = 8, GROUP = HEADS / KV_HEADS, WARPS = 8, SUB = 32, M = ROPE / 2;
shared float head[2 * D > SPLITS * GROUP ? 2 * D : SPLITS * GROUP]; // the new key and value
shared vec4 query[GROUP * D / 4];
#include "attention/rope_attention_args.glsl"
#define KV_WIDTH (KV_HEADS * D)
#define KV_SEEN coherent readonly
#define ROLLED_LOOP [[dont_unroll]] for
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
#include "attention/splits.glsl"

// load makes the queries of row r, if it is the workgroup's own, and, if it makes them,
// the new key and the new value, an item a subgroup.
void load(uint r, uint g, bool own, bool makes, uint index) {
    const uint64_t row = at(0, r, KV_HEADS * D) + g * D * 4;
    const uint count = own ? GROUP : 0;
    [[dont_unroll]] for (uint item = subgroup_uniform(gl_SubgroupID); item < count + (makes ? 2 : 0); item += WARPS) {
        const bool is_q = item < count;
        if (item <= count) {
            Rotated t = rope_load(is_q ? q + at(0, r, HEADS * D) + (g * GROUP + item) * D * 4 : k + row, M);
            rope_rotate(t, is_q ? 0 : D, (is_q ? q_norm : k_norm) != 0, M, eps, is_q ? 1.0 / sqrt(float(D)) : 1.0);
            if (is_q) rope_query(t, item, M);
            else rope_key(t, M);
            subgroup_sync();
            if (is_q) split_query(item);
        } else {
            [[unroll]] for (uint i = lane(); i < D; i += SUB) head[D + i] = Act(v + row).v[i];
        }
        if (!is_q) store_kv_row(item - count, g, index, true);
    }
}

// chained is the next of the step's rows, from row on, that is one of positions first
// .. last - 1 of a sequence with these pages, or the number of rows: such a row's
// place in the cache is the same by either's pages, and no other sequence has it.
uint chained(uint row, uint pages, uint first, uint last) {
    const uint rows = step.v[STEP_ROWS];
    [[dont_unroll]] for (; row < rows; row += SUB) {
        bool found = false;
        if (row + lane() < rows) {
            const uint p = step_row(step, row + lane(), ROW_POSITION);
            if (p >= first && p < last)
                found = cache_index(step, step_row(step, row + lane(), ROW_PAGES), p, PAGE) == cache_index(step, pages, p, PAGE);
        }
        const uvec4 which = subgroupBallot(found);
        if (which.x != 0) return subgroup_uniform(row + findLSB(which.x));
    }
    return rows;
}

void main() {
    const uint r = gl_WorkGroupID.y, g = gl_WorkGroupID.x / SPLITS, split = gl_WorkGroupID.x % SPLITS, rows = subgroup_uniform(step.v[STEP_ROWS]);
    const uint position = subgroup_uniform(step_row(step, r, ROW_POSITION)), pages = subgroup_uniform(step_row(step, r, ROW_PAGES)), w = subgroup_uniform(gl_SubgroupID);
    const bool wanted = r < rows;
    const uint runs = wanted ? (position + RUN - 1) / RUN : 0, splits = clamp((runs + WARPS - 1) / WARPS, 1, SPLITS);
    if (split >= splits) return; // another split reports for this one
    const uint part_of = split * WARPS + w, t = RUN * (part_of * runs / (splits * WARPS));
    const uint last = min(position, RUN * ((part_of + 1) * runs / (splits * WARPS)));
    const bool makes = split == splits - 1;
    if (wanted) {
        runs_begin(pages, t, last, g);
        for (uint i = gl_LocalInvocationID.x; i < 16 * PITCH; i += gl_WorkGroupSize.x) query_tile[i] = uvec4(0);
        if (gl_LocalInvocationID.x < 8) query_unit[gl_LocalInvocationID.x] = 0;
    } else {
        sync_wait();
    }
    // The step's other rows of this sequence are stored first; then what was fetched of
    // the cache is fetched again.
    const uint first = RUN * (split * runs / splits), end = min(position, RUN * ((split + 1) * runs / splits));
    bool again = false;
    [[dont_unroll]] for (uint row = 0; wanted && row <= rows;) {
        row = chained(row, pages, first, end);
        const bool own = row == rows;
        const uint from = own ? r : row, p = own ? position : step_row(step, from, ROW_POSITION);
        rope_prepare(q_norm, k_norm, p, freqs, M);
        barrier();
        sync_wait();
        load(from, g, own, !own || makes, cache_index(step, pages, p, PAGE));
        sync_group();
        again = again || !own;
        row++;
    }
    if (wanted) {
        if (again) runs_begin(pages, t, last, g);
        if (makes && w < GROUP) fresh_score(w);
        adds_fresh = makes;
        runs_add(pages, t, last, g);
        const uint64_t out_row = y + at(0, r, HEADS * D) + g * GROUP * D * 4;
        barrier();
        [[dont_unroll]] for (uint i = gl_LocalInvocationID.x; i < GROUP * D / 4; i += gl_WorkGroupSize.x) {
            vec2 stat;
            const vec4 sum = split_sum(i, stat);
            if (splits == 1) PutF32x4(out_row).v[i] = sum / stat.y;
            else split_store(splits_at(part, r * KV_HEADS + g), split, i, sum, stat);
        }
        if (splits > 1) splits_merge(part, out_row, r * KV_HEADS + g, splits);
    }
    sync_done_for(makes ? SPLITS + 1 - splits : 1);
}
