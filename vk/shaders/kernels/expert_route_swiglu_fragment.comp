#version 460
#extension GL_GOOGLE_include_directive : require
// expert_norm_swiglu_fragment, to which see, that finds the experts and lists their
// places itself, as top_k_group does: no dispatch has to come between the one that
// makes the logits and this one, and the first weights are on their way before x is
// there. Every workgroup makes the same list, in tiles of eight places.
//
// gate, up {k, n, experts} of the kernel's type, x {k, R}, norm {k} F32, logits
// {experts, R}, y {n, top_k, R} F16, bounded by the largest half.
//
// op: expert_route_swiglu
// types: Q4_K Q5_K Q6_K
// tile: 1 1 1
// max_workgroups: 1 per_sm
// local: 8 subgroups
// spec: k experts top_k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 fragments
// rows: 2 64
// when: k%256 k<=2048 experts<=256 top_k<=8
// halves: y
// precision: f16
// sync: counter
// early: logits
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
#include "silu.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint EXPERTS = 1;
layout(constant_id = 3) const uint TOP_K = 1;
const uint FRAGMENT_WARPS = 8, MATRICES = 2, SUMS_TURNS = 2, WARPS = 8;
#include "route.glsl"

#include "push.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 2) coherent writeonly buffer PutF16 { float16_t v[]; };
#include "sync_main.glsl"

const uint share = TOP_K, TILE = 8; // places of a tile
#define TOP_K_WHOLE false
#include "top_k_list.glsl"
void top_k_weigh(uint r, Route c) {}

struct Tile { uint expert, first, count; };
shared uint list[ROWS * SLOTS], tile_list[EXPERTS + ROWS * SLOTS / TILE]; // a tile's expert, first place and count

uint tiles_used() { return all_tiles; }
Tile tile_of(uint i) {
    const uint t = same(tile_list[i]);
    return Tile(t & 0xffffu, t >> 16 & 0xfffu, t >> 28);
}
uint place_of(uint i) { return list[i]; }
#include "swiglu_fragment.glsl"

void main() {
    const uint rows = same(min(step.v[STEP_ROWS], ROWS));
    list_clear();
    norm_ahead(norm);
    sync_early();
    list_choose(rows);
    [[dont_unroll]] for (uint e = gl_LocalInvocationID.x; e < EXPERTS; e += gl_WorkGroupSize.x)
        [[dont_unroll]] for (uint first = 0; first < count_of(e); first += TILE)
            tile_list[first_tile[e] + first / TILE] = e | (first_of[e] + first) << 16 | min(count_of(e) - first, TILE) << 28;
    [[dont_unroll]] for (uint p = gl_LocalInvocationID.x; p < rows * TOP_K; p += gl_WorkGroupSize.x) list[list_at(p)] = p;
    sync_group();
    share_out();
    sync_done();
}
