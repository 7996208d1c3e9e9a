// The joining of slots' parts: each leaves its sums, the largest score and the
// total weight of every head; the last to come adds them up (Dao et al.,
// flash-decoding). Included after slot_sum(i, stat) and head.

layout(buffer_reference, scalar, buffer_reference_align = 16) coherent buffer Part4 { vec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) coherent buffer Part2 { vec2 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Finished { uint v[]; };
const uint QUADS = GROUP * D / 4, AHEAD = SLOTS, SLOTS_EACH = (SLOTS + SUB - 1) / SUB;
shared uint before;

// last_to_come tells whether all other slots are done, and their parts to be seen.
bool last_to_come(uint64_t counter, uint slots) {
    sync_group();
    if (gl_LocalInvocationIndex == 0) {
        memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer, gl_SemanticsRelease);
        before = atomicAdd(Finished(counter).v[0], 1); // parts are read through coherent views, which need no fence
    }
    sync_group();
    return before == slots - 1;
}

// slot_shares fills head with each slot's factor: a subgroup takes a head, a lane a slot.
void slot_shares(uint64_t all, uint slots) {
    for (uint h = same(gl_SubgroupID); h < GROUP; h += WARPS) {
        vec2 stat[4]; // SLOTS_EACH is at most 4
        float most = NOTHING, sum = 0;
        [[unroll]] for (uint j = 0; j < 4; j++) {
            if (j >= SLOTS_EACH) break;
            const uint s = lane() + j * SUB;
            stat[j] = s < slots ? Part2(all).v[s * GROUP + h] : vec2(NOTHING, 0);
            most = max(most, stat[j].x);
        }
        most = subgroupMax(most);
        [[unroll]] for (uint j = 0; j < 4; j++) {
            if (j >= SLOTS_EACH) break;
            stat[j].x = exp(stat[j].x - most);
            sum = fma(stat[j].x, stat[j].y, sum);
        }
        sum = subgroupAdd(sum);
        [[unroll]] for (uint j = 0; j < 4; j++)
            if (j < SLOTS_EACH && lane() + j * SUB < SLOTS) head[(lane() + j * SUB) * GROUP + h] = stat[j].x / sum;
    }
}

// slots_at is where the slots' sums lie, index counting what shares a counter.
uint64_t slots_at(uint64_t part, uint index) { return part + ATTENTION_COUNTERS * 4 + uint64_t(index) * SLOTS * GROUP * (D + 2) * 4; }

// slot_keep leaves four elements of a slot's sums, and their head's statistics once.
void slot_keep(uint64_t all, uint slot, uint i, vec4 sum, vec2 stat) {
    Part4(all).v[slot * QUADS + i] = sum;
    if (i % (D / 4) == 0) Part2(all + SLOTS * GROUP * D * 4).v[slot * GROUP + i / (D / 4)] = stat;
}

// slots_join writes the heads' results to out_row if this is the last slot to come.
void slots_join(uint64_t part, uint64_t out_row, uint index, uint slots) {
    const uint64_t all = slots_at(part, index), statistics = all + SLOTS * GROUP * D * 4;
    if (!last_to_come(part + index * 4, slots)) return;
    if (gl_LocalInvocationIndex == 0) Finished(part).v[index] = 0;
    for (uint i = gl_LocalInvocationID.x; i - gl_LocalInvocationID.x < QUADS; i += gl_WorkGroupSize.x) {
        vec4 p[AHEAD], sum = vec4(0);
        for (uint s = 0; s < slots; s += AHEAD) { // what no slot left is loaded too, but not added
            Part4 from = Part4(all + (s * QUADS + min(i, QUADS - 1)) * 16);
            [[unroll]] for (uint j = 0; j < AHEAD; j++) p[j] = from.v[j * QUADS];
            if (s == 0 && i == gl_LocalInvocationID.x) {
                slot_shares(statistics, slots);
                barrier();
            }
            [[unroll]] for (uint j = 0; j < AHEAD; j++)
                if (s + j < slots) sum = fma(vec4(head[(s + j) * GROUP + min(i, QUADS - 1) / (D / 4)]), p[j], sum);
        }
        if (i < QUADS) PutF32x4(out_row).v[i] = sum;
    }
}

// slots_put writes the heads' results to out_row; there are at least two slots.
void slots_put(uint64_t part, uint64_t out_row, uint index, uint slot, uint slots) {
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < QUADS; i += gl_WorkGroupSize.x) {
        vec2 stat;
        const vec4 sum = slot_sum(i, stat);
        slot_keep(slots_at(part, index), slot, i, sum, stat);
    }
    slots_join(part, out_row, index, slots);
}
