// How the parts of splits are merged: each split leaves its sums, the largest score and the
// total weight of every head; the last to come adds them up (Dao et al.,
// flash-decoding). Included after split_sum(i, stat) and head.

layout(buffer_reference, scalar, buffer_reference_align = 16) coherent buffer Part4 { vec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) coherent buffer Part2 { vec2 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Finished { uint v[]; };
const uint QUADS = GROUP * D / 4, PREFETCH = SPLITS, SPLITS_EACH = (SPLITS + SUB - 1) / SUB;
shared uint before;

// last_to_come tells whether all other splits are done, and their parts to be seen.
bool last_to_come(uint64_t counter, uint splits) {
    sync_group();
    if (gl_LocalInvocationIndex == 0) {
        memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer, gl_SemanticsRelease);
        before = atomicAdd(Finished(counter).v[0], 1); // parts are read through coherent views, which need no fence
    }
    sync_group();
    return before == splits - 1;
}

// slot_shares fills head with each split's factor: a subgroup takes a head, a lane per split.
void slot_shares(uint64_t all, uint splits) {
    for (uint h = subgroup_uniform(gl_SubgroupID); h < GROUP; h += WARPS) {
        vec2 stat[4]; // SPLITS_EACH is at most 4
        float most = NOTHING, sum = 0;
        [[unroll]] for (uint j = 0; j < 4; j++) {
            if (j >= SPLITS_EACH) break;
            const uint s = lane() + j * SUB;
            stat[j] = s < splits ? Part2(all).v[s * GROUP + h] : vec2(NOTHING, 0);
            most = max(most, stat[j].x);
        }
        most = subgroupMax(most);
        [[unroll]] for (uint j = 0; j < 4; j++) {
            if (j >= SPLITS_EACH) break;
            stat[j].x = exp(stat[j].x - most);
            sum = fma(stat[j].x, stat[j].y, sum);
        }
        sum = subgroupAdd(sum);
        [[unroll]] for (uint j = 0; j < 4; j++)
            if (j < SPLITS_EACH && lane() + j * SUB < SPLITS) head[(lane() + j * SUB) * GROUP + h] = stat[j].x / sum;
    }
}

// splits_at is where the splits' sums lie, index counting what shares a counter.
uint64_t splits_at(uint64_t part, uint index) { return part + ATTENTION_COUNTERS * 4 + uint64_t(index) * SPLITS * GROUP * (D + 2) * 4; }

// split_store leaves four elements of a split's sums, and their head's statistics once.
void split_store(uint64_t all, uint split, uint i, vec4 sum, vec2 stat) {
    Part4(all).v[split * QUADS + i] = sum;
    if (i % (D / 4) == 0) Part2(all + SPLITS * GROUP * D * 4).v[split * GROUP + i / (D / 4)] = stat;
}

// splits_merge writes the heads' results to out_row if this is the last split to come.
void splits_merge(uint64_t part, uint64_t out_row, uint index, uint splits) {
    const uint64_t all = splits_at(part, index), statistics = all + SPLITS * GROUP * D * 4;
    if (!last_to_come(part + index * 4, splits)) return;
    if (gl_LocalInvocationIndex == 0) Finished(part).v[index] = 0;
    for (uint i = gl_LocalInvocationID.x; i - gl_LocalInvocationID.x < QUADS; i += gl_WorkGroupSize.x) {
        vec4 p[PREFETCH], sum = vec4(0);
        for (uint s = 0; s < splits; s += PREFETCH) { // what no split left is loaded too, but not added
            Part4 from = Part4(all + (s * QUADS + min(i, QUADS - 1)) * 16);
            [[unroll]] for (uint j = 0; j < PREFETCH; j++) p[j] = from.v[j * QUADS];
            if (s == 0 && i == gl_LocalInvocationID.x) {
                slot_shares(statistics, splits);
                barrier();
            }
            [[unroll]] for (uint j = 0; j < PREFETCH; j++)
                if (s + j < splits) sum = fma(vec4(head[(s + j) * GROUP + min(i, QUADS - 1) / (D / 4)]), p[j], sum);
        }
        if (i < QUADS) PutF32x4(out_row).v[i] = sum;
    }
}

// splits_store writes the heads' results to out_row; there are at least two splits.
void splits_store(uint64_t part, uint64_t out_row, uint index, uint split, uint splits) {
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < QUADS; i += gl_WorkGroupSize.x) {
        vec2 stat;
        const vec4 sum = split_sum(i, stat);
        split_store(splits_at(part, index), split, i, sum, stat);
    }
    splits_merge(part, out_row, index, splits);
}
