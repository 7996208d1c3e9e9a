#version 460
#extension GL_GOOGLE_include_directive : require
// top_k and expert_group in one, for few rows on a GPU: one workgroup, whose
// subgroups take a row each in turn.
//
//   p = softmax(logits[r]);  ids[r] = the top_k largest p, falling, ties by
//   lowest index;  weights[r][s] = scale * p[ids[r][s]] / (norm ? sum_s p : 1)
//   list = places row * top_k + slot, ordered by (ids[place], place)
//   tiles = each expert's part of the list cut into tiles of at most tile places
//
// logits {experts, R}, ids {top_k, R} U32, weights {top_k, R}, groups U32 laid
// out as graph/groups.go has it. A row has an expert once, so an expert's places
// are a bit for each of its rows, and a place's rank is the number of bits below
// its own. A NaN among the logits counts as the lowest value.
//
// op: top_k_group
// types: F32
// tile: all all 1
// local: 32 subgroups
// spec: experts
// needs: gpu warps32
// rows: 2 64
// when: experts<=256 top_k<=8
// sync: counter
#include "common.glsl"
#include "sync.glsl"
layout(constant_id = 1) const uint EXPERTS = 1;
const uint WARPS = 32, SUB = gl_WorkGroupSize.x / WARPS, ROWS = 64, SLOTS = 8;
#include "route.glsl"

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t logits; uint64_t ids; uint64_t weights; PutU32 groups;
    uint experts; uint top_k; uint norm; float scale; uint tile; uint tiles;
};
#include "sync_main.glsl"

shared uint chosen[ROWS * SLOTS];
shared uint rows_of[2 * EXPERTS]; // a bit for each row, in two words
shared uint first_of[EXPERTS], first_tile[EXPERTS];

void choose(uint r) {
    route_load(at(logits, r, EXPERTS));
    const Route c = route(top_k, norm == 0);
    const float weight = route_weight(c, top_k, norm != 0, 1, scale);
    const uint s = gl_SubgroupInvocationID, p = r * top_k + s;
    if (s >= top_k) return;
    PutU32(ids).v[p] = c.id;
    PutF32(weights).v[p] = weight;
    chosen[p] = c.id;
    atomicOr(rows_of[2 * c.id + r / 32], 1u << (r & 31));
}

uint count_of(uint e) { return bitCount(rows_of[2 * e]) + bitCount(rows_of[2 * e + 1]); }

// add_up leaves where each expert's places and tiles begin, and returns the
// number of tiles, in the first subgroup.
uint add_up() {
    uint places = 0, all = 0;
    for (uint e0 = 0; e0 < EXPERTS; e0 += SUB) {
        const uint e = e0 + gl_SubgroupInvocationID, n = e < EXPERTS ? count_of(e) : 0, t = (n + tile - 1) / tile;
        const uint n_to = subgroupInclusiveAdd(n), t_to = subgroupInclusiveAdd(t);
        if (e < EXPERTS) {
            first_of[e] = places + n_to - n;
            first_tile[e] = all + t_to - t;
        }
        places += subgroupMax(n_to);
        all += subgroupMax(t_to);
    }
    return all;
}

void main() {
    const uint lane = gl_LocalInvocationID.x, rows = min(step.v[STEP_ROWS], ROWS);
    for (uint i = lane; i < 2 * EXPERTS; i += gl_WorkGroupSize.x) rows_of[i] = 0;
    sync_wait();
    sync_group();
    for (uint r = gl_SubgroupID; r < rows; r += WARPS) choose(r);
    sync_group();
    if (gl_SubgroupID == 0) {
        const uint all = add_up();
        if (lane < 4) groups.v[lane] = lane == 0 ? all : 0;
    }
    sync_group();
    for (uint e = lane; e < EXPERTS; e += gl_WorkGroupSize.x) {
        const uint n = count_of(e);
        for (uint t = 0; t * tile < n; t++) {
            const uint w = 4 + 3 * (first_tile[e] + t);
            groups.v[w] = e;
            groups.v[w + 1] = first_of[e] + t * tile;
            groups.v[w + 2] = min(tile, n - t * tile);
        }
    }
    for (uint p = lane; p < rows * top_k; p += gl_WorkGroupSize.x) {
        const uint e = chosen[p], r = p / top_k, below = (1u << (r & 31)) - 1;
        const uint before = r < 32 ? bitCount(rows_of[2 * e] & below) : bitCount(rows_of[2 * e]) + bitCount(rows_of[2 * e + 1] & below);
        groups.v[4 + 3 * tiles + first_of[e] + before] = p;
    }
    sync_done();
}
