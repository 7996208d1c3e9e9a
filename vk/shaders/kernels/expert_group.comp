#version 460
#extension GL_GOOGLE_include_directive : require
// The active rows' places, row * top_k + slot, listed by expert.
//
//   list = places ordered by (ids[place], place)
//   tiles = each expert's part of the list cut into tiles of at most tile places
//
// ids {top_k, R} U32; groups U32 is laid out as graph/groups.go has it: word 0
// the tiles in use, at word 4 three words a tile (expert, first, count), then
// the list. One workgroup an expert: it counts all experts' places, so that it
// knows where its own begin, and then finds its own in rising order, each
// subgroup in a stretch of its own. Nothing depends on which workgroup or
// invocation comes first.
//
// op: expert_group
// types: U32
// tile: 1 1 1
// local: 256
// spec: experts
#include "common.glsl"
layout(constant_id = 1) const uint EXPERTS = 1;

layout(push_constant, scalar) uniform Push {
    U32 step; U32 ids; OutU32 groups;
    uint experts; uint top_k; uint tile; uint tiles;
};

shared uint counts[EXPERTS];
shared uint before[1024 / 4]; // no subgroup is smaller than four

uint tiles_of(uint e) { return (counts[e] + tile - 1) / tile; }

// stretch_end is where the stretch of subgroup s ends.
uint stretch_end(uint s, uint places) {
    const uint rounds = (places + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
    return min(places, (s + 1) * rounds * gl_SubgroupSize);
}

// find counts this expert's places up to the end of the subgroup's stretch; with
// write it also lists them from there on.
uint find(uint e, uint places, uint at, bool write) {
    const uint first = gl_SubgroupID == 0 ? 0 : stretch_end(gl_SubgroupID - 1, places), end = stretch_end(gl_SubgroupID, places);
    for (uint p0 = first; p0 < end; p0 += gl_SubgroupSize) {
        const uint p = p0 + gl_SubgroupInvocationID;
        const uint mine = p < end && ids.v[p] == e ? 1 : 0;
        const uint up_to = subgroupInclusiveAdd(mine);
        if (write && mine != 0) groups.v[at + up_to - 1] = p;
        at += subgroupMax(up_to);
    }
    return at;
}

void main() {
    const uint e = gl_WorkGroupID.x, lane = gl_LocalInvocationID.x;
    const uint places = step.v[STEP_ROWS] * top_k;
    for (uint i = lane; i < EXPERTS; i += gl_WorkGroupSize.x) counts[i] = 0;
    barrier();
    for (uint p = lane; p < places; p += gl_WorkGroupSize.x) atomicAdd(counts[min(ids.v[p], EXPERTS - 1)], 1);
    const uint found = find(e, places, 0, false);
    if (gl_SubgroupInvocationID == 0) before[gl_SubgroupID] = found;
    barrier();

    uint first = 0, first_tile = 0; // each subgroup adds them up for itself
    for (uint i = gl_SubgroupInvocationID; i < e; i += gl_SubgroupSize) {
        first += counts[i];
        first_tile += tiles_of(i);
    }
    first = subgroupAdd(first);
    first_tile = subgroupAdd(first_tile);
    uint at = 4 + 3 * tiles + first;
    for (uint s = 0; s < gl_SubgroupID; s++) at += before[s];
    find(e, places, at, true);
    for (uint t = lane; t < tiles_of(e); t += gl_WorkGroupSize.x) {
        const uint w = 4 + 3 * (first_tile + t);
        groups.v[w] = e;
        groups.v[w + 1] = first + t * tile;
        groups.v[w + 2] = min(tile, counts[e] - t * tile);
    }
    if (e == EXPERTS - 1 && lane < 4) groups.v[lane] = lane == 0 ? first_tile + tiles_of(e) : 0;
}
