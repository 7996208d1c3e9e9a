#version 460
#extension GL_GOOGLE_include_directive : require
// The active rows' assignments, row * top_k + choice, listed by expert.
//
//   list = assignments ordered by (ids[assignment], assignment)
//   tiles = each expert's part of the list cut into tiles of at most tile assignments
//
// ids {top_k, R} U32; groups U32 is laid out as graph.Groups says: word 0
// the tiles in use, at word 4 three words per tile (expert, first, count), then
// the list. One workgroup an expert: it counts all experts' assignments, so that it
// knows where its own begin, and then finds its own in rising order, each
// subgroup in a stretch of its own. Nothing depends on which workgroup or
// invocation comes first.
//
// op: moe_sort
// types: U32
// tile: 1 1 1
// local: 1024
// spec: experts
#include "core/common.glsl"
layout(constant_id = 1) const uint EXPERTS = 1;

layout(buffer_reference, scalar, buffer_reference_align = 16) restrict readonly buffer Assignments4 { uvec4 v[]; };
#define PUSH_ids Assignments4
#define PUSH_groups OutU32
#include "push.glsl"

shared uint counts[EXPERTS];
shared uint before[1024 / 4]; // no subgroup is smaller than four

uint tiles_of(uint e) { return (counts[e] + tile - 1) / tile; }

// stretch is how many assignments a subgroup looks at, four per invocation at a time.
uint stretch(uint assignments) {
    const uint round = 4 * gl_WorkGroupSize.x;
    return (assignments + round - 1) / round * 4 * gl_SubgroupSize;
}

// mine tells which of the four assignments from p on are of expert e, a bit each.
// What lies behind the last is of no expert.
uint mine(uvec4 four, uint p, uint end, uint e) {
    const bvec4 is = equal(four, uvec4(e));
    return (is.x ? 1 : 0) | (is.y && p + 1 < end ? 2 : 0) | (is.z && p + 2 < end ? 4 : 0) | (is.w && p + 3 < end ? 8 : 0);
}

// count adds the subgroup's assignments to all experts' counts and returns how many
// are of expert e.
uint count(uint e, uint first, uint end) {
    uint found = 0;
    for (uint p = first + 4 * gl_SubgroupInvocationID; p < end; p += 4 * gl_SubgroupSize) {
        const uvec4 four = ids.v[p / 4];
        found += bitCount(mine(four, p, end, e));
        [[unroll]] for (uint j = 0; j < 4; j++)
            if (p + j < end) atomicAdd(counts[min(four[j], EXPERTS - 1)], 1);
    }
    return subgroupAdd(found);
}

// list writes the subgroup's assignments of expert e from at on.
void list(uint e, uint first, uint end, uint at) {
    for (uint p0 = first; p0 < end; p0 += 4 * gl_SubgroupSize) {
        const uint p = p0 + 4 * gl_SubgroupInvocationID;
        const uint set = p < end ? mine(ids.v[p / 4], p, end, e) : 0, found = bitCount(set);
        const uint up_to = subgroupInclusiveAdd(found);
        uint to = at + up_to - found;
        [[unroll]] for (uint j = 0; j < 4; j++)
            if ((set >> j & 1) != 0) groups.v[to++] = p + j;
        at += subgroupMax(up_to);
    }
}

void main() {
    const uint e = gl_WorkGroupID.x, lane = gl_LocalInvocationID.x;
    const uint assignments = step.v[STEP_ROWS] * top_k;
    const uint from = gl_SubgroupID * stretch(assignments), end = min(assignments, from + stretch(assignments));
    for (uint i = lane; i < EXPERTS; i += gl_WorkGroupSize.x) counts[i] = 0;
    barrier();
    const uint found = count(e, from, end);
    if (gl_SubgroupInvocationID == 0) before[gl_SubgroupID] = found;
    barrier();

    uint first = 0, first_tile = 0, earlier = 0; // each subgroup adds them up for itself
    for (uint i = gl_SubgroupInvocationID; i < e; i += gl_SubgroupSize) {
        first += counts[i];
        first_tile += tiles_of(i);
    }
    for (uint s = gl_SubgroupInvocationID; s < gl_SubgroupID; s += gl_SubgroupSize) earlier += before[s];
    first = subgroupAdd(first);
    first_tile = subgroupAdd(first_tile);
    earlier = subgroupAdd(earlier);
    if (found > 0) list(e, from, end, GROUP_HEADER + GROUP_TILE_WORDS * tiles + first + earlier);
    for (uint t = lane; t < tiles_of(e); t += gl_WorkGroupSize.x) {
        const uint w = GROUP_HEADER + GROUP_TILE_WORDS * (first_tile + t);
        groups.v[w] = e;
        groups.v[w + 1] = first + t * tile;
        groups.v[w + 2] = min(tile, counts[e] - t * tile);
    }
    if (e == EXPERTS - 1 && lane < 4) groups.v[lane] = lane == 0 ? first_tile + tiles_of(e) : 0;
}
