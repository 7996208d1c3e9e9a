#version 460
#extension GL_GOOGLE_include_directive : require
// What sample_draw needs to know of each partial of an output row: 4096 logits.
//
//   l = logits[j] after mask, bias and penalties (see graph.SampleRow)
//   largest l and its id, sum exp(l - largest), sum exp((l - largest) / temperature),
//   the first row_candidates of the partial by l, falling, ties by lowest id;
//   of the logits without any change, where log probabilities are wanted: largest,
//   sum exp(logit - largest), the likeliest
//
// logits {n, O} F32, mask {n/32 rounded up, O} U32, sampling U32, recent {16, slots}
// U32, partials {174, P, O} U32 with P = n / 4096 rounded up. Where an l is NaN or
// plus infinity the largest is plus infinity and no more is said. One workgroup a
// partial; it reads 16 KiB and has about 14 barriers.
//
// op: sample_partials
// types: F32
// tile: 4096 1 1
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
#include "sample/sample_select.glsl"

shared float largest;
shared uint largest_id;

void find_largest(uint first) {
    Best b = best_none();
    for (uint i = gl_LocalInvocationID.x; i < partial_size(first); i += gl_WorkGroupSize.x) load(logit_at(i), first + i, b);
    barrier();
    b = best_of_group(b);
    if (gl_LocalInvocationID.x == 0) {
        largest = b.value;
        largest_id = b.index;
    }
    barrier();
}

// sum_near is the sum of exp((logit - largest) * scale).
float sum_near(float scale) {
    float sum = 0;
    for (uint i = gl_LocalInvocationID.x; i < PARTIAL; i += gl_WorkGroupSize.x) sum += exp((logit_at(i) - largest) * scale);
    return group_sum(sum);
}

void store(uint64_t to, uint word, uint v) {
    if (gl_LocalInvocationID.x == 0) PutU32(to).v[word] = v;
}

void describe(uint j, uint first, uint64_t to) {
    const uint row = step.v[step.v[STEP_OUTS_AT] + j];
    logits_load(j, first);
    if (row_wants_probs(j)) {
        find_largest(first);
        store(to, RAW_LARGEST, floatBitsToUint(largest));
        if (largest_id != NONE) store(to, RAW_SUM, floatBitsToUint(sum_near(1)));
        if (row_likeliest(j) > 0 && largest <= 3.402823466e38) select_first(row_likeliest(j), first, to + 4 * RAW_LIST);
        barrier();
    }
    logits_change(j, first, step_row(step, row, ROW_SLOT), step_row(step, row, ROW_POSITION) + 1);
    find_largest(first);
    store(to, LARGEST, floatBitsToUint(largest));
    store(to, LARGEST_ID, largest_id);
    const uint k = row_candidates(j);
    if (largest_id != NONE && row_temperature(j) > 0) {
        const float sum = sum_near(1), hot = sum_near(row_scale(j));
        store(to, SUM, floatBitsToUint(sum));
        store(to, SUM_HOT, floatBitsToUint(hot));
    }
    if (k > 1 && largest <= 3.402823466e38) select_first(k, first, to + 4 * LIST);
}

void main() {
    const uint j = gl_WorkGroupID.y, p = gl_WorkGroupID.x;
    const bool wanted = j < step.v[STEP_OUTS];
    sync_wait();
    if (wanted) describe(j, p * PARTIAL, at(partials, j * partial_count() + p, PARTIAL_WORDS));
    sync_done();
}
