#version 460
#extension GL_GOOGLE_include_directive : require
// rope_store and attention_split in one for a few rows on a GPU. A workgroup takes RUN
// positions of a row at a time, a subgroup sixteen of them, whose keys and values it
// has in registers before the new row is known, and keeps the sums of its own; all
// are joined at the end. Of a row of one run two heads share a workgroup, of a longer
// one all heads of a kv head do, and the positions are shared out to SLOTS workgroups.
// The order of a row's sums depends on its position alone.
//
// Arguments are those of rope_attention.comp; part is scratch: 1024 words, zero before
// and after, then (d + 2) * heads * SLOTS floats a row.
//
// Rows of a step may be of one sequence. Then a row's workgroups wait before they read
// the cache, and each stores for itself the keys and values of the step's rows before
// its own: all that store a row store the same.
//
// op: rope_attention
// types: F16
// tile: 4 1 1
// local: 8 subgroups
// spec: heads kv_heads head_dim rope_dim page_size
// needs: gpu shared48 subgroup32 warps8
// rows: 2 15
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
const uint SLOTS = 8, GROUP = HEADS / KV_HEADS, WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
const uint M = ROPE / 2, RUN = 128, EACH = RUN / WARPS, RUNS = D / 32, PAIR = D / 64; // sixteens of bytes and pairs of a lane
const uint NEAR_HEADS = 2, NEAR_SLOTS = (GROUP + NEAR_HEADS - 1) / NEAR_HEADS;
const float NOTHING = uintBitsToFloat(0xff800000u); // minus infinity
shared float head[2 * D > SLOTS * GROUP ? 2 * D : SLOTS * GROUP]; // the new key and value
shared vec4 query[GROUP * D / 4];
shared vec2 sums[GROUP * WARPS * D / 2]; // a subgroup's of a head
shared vec2 stats[GROUP * WARPS]; // its largest score and total weight
#include "kv.glsl"
#include "kv_settle.glsl"
#include "cache.glsl"
#include "rope_attention_args.glsl"
// What a workgroup's own stores to the cache left must be seen.
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent readonly buffer Cache4 { uvec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent readonly buffer Cache1 { uint v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) coherent readonly buffer Cache2 { uvec2 v[]; };
void query_set(uint i, float a) { query[i / 4][i & 3] = a; }
#include "across.glsl"
#include "rope_turned.glsl"

#include "attention_run.glsl"

#define KEEP_LOOP [[dont_unroll]] for
#include "keep_row.glsl"

// take makes count queries from head h on and, if it makes them, the new key and the
// new value of row r, an item a subgroup.
void take(uint r, uint g, uint h, uint count, bool makes, uint index, bool stores) {
    const uint64_t row = at(0, r, KV_HEADS * D) + g * D * 4;
    [[dont_unroll]] for (uint item = same(gl_SubgroupID); item < count + (makes ? 2 : 0); item += WARPS) {
        const bool is_q = item < count;
        if (item <= count) {
            Turned t = rope_load(is_q ? q + at(0, r, HEADS * D) + (g * GROUP + h + item) * D * 4 : k + row, M);
            rope_turn(t, is_q ? 0 : D, (is_q ? q_norm : k_norm) != 0, M, eps, is_q ? 1.0 / sqrt(float(D)) : 1.0);
            if (is_q) rope_query(t, item, M);
            else rope_key(t, M);
        } else {
            [[unroll]] for (uint i = lane(); i < D; i += SUB) head[D + i] = Act(v + row).v[i];
        }
        if (!is_q) keep_row(item - count, g, index, stores);
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
        if (which.x != 0) return same(row + findLSB(which.x));
    }
    return rows;
}

#include "attention_weigh.glsl"
#include "attention_slots.glsl"

void main() {
    const uint r = gl_WorkGroupID.y, g = gl_WorkGroupID.x / SLOTS, slot = gl_WorkGroupID.x % SLOTS, rows = same(step.v[STEP_ROWS]);
    const uint position = same(step_row(step, r, ROW_POSITION)), pages = step_row(step, r, ROW_PAGES), n = position + 1;
    const bool wanted = r < rows, near = n <= RUN;
    const uint share = (n + RUN * SLOTS - 1) / (RUN * SLOTS) * RUN, slots = !wanted ? 1 : near ? NEAR_SLOTS : (n + share - 1) / share;
    if (slot >= slots) return; // another slot reports for this one
    const uint first = near ? 0 : slot * share, end = min(n, first + share), last = min(end, position);
    const uint h = near ? NEAR_HEADS * slot : 0, count = near ? min(NEAR_HEADS, GROUP - h) : GROUP;
    const bool makes = end == n, adds = makes && same(gl_SubgroupID) == WARPS - 1;
    if (!wanted) sync_wait();
    // The step's other rows of this sequence are stored first, which is as if there were
    // runs of their own; only this row is waited for with the cache in registers.
    bool ready = false;
    [[unroll]] for (uint i = 0; i < EACH; i++) values[i] = uvec2(0); // of who has no positions, to be multiplied by zero
    uint other = 0;
    [[dont_unroll]] for (uint t = first; wanted && t < end;) {
        run_load(pages, t, last, g);
        if (!ready) {
            other = chained(other, pages, first, last);
            ready = other == rows;
            const uint row = ready ? r : other, p = ready ? position : step_row(step, other, ROW_POSITION);
            rope_prepare(q_norm, k_norm, p, freqs, M);
            if (gl_LocalInvocationID.x < GROUP * WARPS) stats[gl_LocalInvocationID.x] = vec2(NOTHING, 0);
            barrier();
            sync_wait();
            take(row, g, h, ready ? count : 0, !ready || makes, cache_index(step, pages, p, PAGE), !ready || !near || slot == 0);
            sync_group();
            other++;
            if (!ready) continue;
        }
        [[dont_unroll]] for (uint a = 0; a < count; a++) weigh(a, t, last, adds && t + RUN >= end);
        t += RUN;
    }
    if (wanted) {
        const uint64_t out_row = y + at(0, r, HEADS * D) + (g * GROUP + h) * D * 4;
        const uint index = r * KV_HEADS + g;
        barrier();
        [[dont_unroll]] for (uint i = gl_LocalInvocationID.x; i < count * D / 4; i += gl_WorkGroupSize.x) {
            vec2 stat;
            const vec4 sum = slot_sum(i, stat);
            if (near) PutF32x4(out_row).v[i] = sum / stat.y;
            else slot_keep(slots_at(part, index), slot, i, sum, stat);
        }
        if (!near) slots_join(part, out_row, index, slots);
    }
    sync_done_for(slot == 0 ? SLOTS + 1 - slots : 1);
}
