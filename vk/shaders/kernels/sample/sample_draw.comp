#version 460
#extension GL_GOOGLE_include_directive : require
// The token of each output row, from what sample_partials found: top_k, top_p, min_p
// and the draw, as stages/sample has them.
//
//   sampled[slot of output j's row] = recent[slot][position % 16] = the token, all ones
//   where a logit is NaN or plus infinity or all are minus infinity
//   probs[j] = tokens kept (0: all), log probability of the token, and pairs of id and log
//   probability of the likeliest: the last two where they are wanted
//
// sampling U32, mask {n/32 rounded up, O} U32, logits {n, O} F32, partials as
// sample_partials has it, recent {16, slots} U32, sampled {slots} U32, probs {42, O} U32.
// position is the token's: that of the row and one more. One workgroup an output row.
// Where the filters keep at most 64 tokens, or all, it reads 8 k + 24 bytes of each
// partial and has about 12 barriers; where they keep more, it reads the row as often as
// the search takes steps, up to 20 times.
//
// op: sample_draw
// types: F32
// tile: all 1 1
// local: 256
// spec:
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"

#define PUSH_sampling U32
#include "push.glsl"
#include "sync/sync_main.glsl"
#include "core/reduce.glsl"
#include "sample/argmax.glsl"
#include "sample/sample_row.glsl"
#include "sample/sample_logits.glsl"
#include "sample/sample_merge.glsl"
#include "sample/sample_list.glsl"
#include "sample/sample_search.glsl"
#include "sample/sample_whole.glsl"

shared float row_largest;
shared uint row_largest_id;

// find_top finds the row's largest logit in those of its partials.
void find_top(uint j, uint word, bool has_id) {
    Best b = best_none();
    for (uint p = gl_LocalInvocationID.x; p < partial_count(); p += gl_WorkGroupSize.x) {
        const uint64_t from = partial_at(j, p);
        take_any(Best(uintBitsToFloat(ActU(from).v[word]), has_id ? ActU(from).v[LARGEST_ID] : p), b);
    }
    barrier();
    b = best_of_group(b);
    if (gl_LocalInvocationID.x == 0) {
        row_largest = b.value;
        row_largest_id = b.index;
    }
    barrier();
}

uint choose(uint j, out uint kept) {
    find_top(j, LARGEST, true);
    const float top = row_largest;
    kept = row_largest_id == NONE ? 0 : 1;
    if (kept == 0 || row_temperature(j) == 0 || row_top_k(j) == 1) return row_largest_id;
    const uint k = row_candidates(j);
    Kept last = Kept(LEAST, ALL_TIES, 0);
    if (k > 1) {
        merge(j, k, LIST);
        kept = keep_first(j, k, top);
        if (kept > 0) return draw_first(j, kept, top);
        last = keep_search(j, top);
    }
    const uint id = draw_whole(j, last, k == 1, top);
    kept = kept_count;
    return id;
}

// put_probs writes the log probabilities of the token and of the likeliest.
void put_probs(uint j, uint id, uint64_t to) {
    const uint k = row_likeliest(j);
    find_top(j, RAW_LARGEST, false);
    const float top = row_largest, norm = top + log(merged_sum(j, RAW_SUM, RAW_LARGEST, top, 1));
    if (gl_LocalInvocationID.x == 0) PutF32(to).v[1] = id == NONE ? uintBitsToFloat(0x7fc00000u) : Act(at(logits, j, n)).v[id] - norm;
    if (k == 0) return;
    const bool numbers = abs(top) <= 3.402823466e38;
    if (numbers) merge(j, k, RAW_LIST);
    for (uint i = gl_LocalInvocationID.x; i < k; i += gl_WorkGroupSize.x) {
        if (!numbers) {
            PutU32(to).v[2 + 2 * i] = NONE;
            PutU32(to).v[3 + 2 * i] = 0x7fc00000u; // NaN
            continue;
        }
        PutU32(to).v[2 + 2 * i] = first_id[i];
        PutF32(to).v[3 + 2 * i] = first_logit[i] - norm;
    }
}

void main() {
    const uint j = gl_WorkGroupID.y;
    const bool wanted = j < step.v[STEP_OUTS];
    sync_wait();
    if (wanted) {
        const uint row = step.v[step.v[STEP_OUTS_AT] + j], slot = argmax_slot(j);
        uint kept;
        const uint id = choose(j, kept);
        if (row_wants_probs(j)) put_probs(j, id, at(probs, j, PROBS_WORDS));
        if (gl_LocalInvocationID.x == 0) {
            PutU32(sampled).v[slot] = id;
            PutU32(at(recent, slot, RECENT)).v[(step_row(step, row, ROW_POSITION) + 1) % RECENT] = id;
            PutU32(at(probs, j, PROBS_WORDS)).v[0] = kept;
        }
    }
    sync_done();
}
