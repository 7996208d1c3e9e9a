#version 460
#extension GL_GOOGLE_include_directive : require
// expert_norm_swiglu_mma, to which see, that finds the experts and lists their
// assignments itself, as topk_sort does: no dispatch has to come between the one that
// makes the logits and this one, and the first weights are on their way before x is
// there. Every workgroup makes the subgroup_uniform list, in tiles of eight assignments.
//
// gate, up {k, n, experts} of the kernel's type, x {k, R}, norm {k} F32, logits
// {experts, R}, y {n, top_k, R} F16, bounded by the largest half.
//
// op: topk_grouped_swiglu
// types: Q4_K Q5_K Q6_K
// tile: 1 1 1
// max_workgroups: 1 per_sm
// local: 8 subgroups
// spec: k experts top_k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 mma
// rows: 2 64
// requires: k%256 k<=2048 experts<=256 top_k<=8
// f16: y
// precision: f16
// sync: counter
// early: logits
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
#include "moe/silu.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint EXPERTS = 1;
layout(constant_id = 3) const uint TOP_K = 1;
const uint MMA_WARPS = 8, MATRICES = 2, SUMS_ROUNDS = 2, WARPS = 8;
#include "moe/topk.glsl"

#include "push.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 2) coherent writeonly buffer PutF16 { float16_t v[]; };
#include "sync/sync_main.glsl"

const uint share = TOP_K, TILE = 8; // assignments of a tile
#define TOP_K_WHOLE false
#include "moe/topk_list.glsl"
void top_k_softmax(uint r, Route c) {}

struct Tile { uint expert, first, count; };
shared uint list[ROWS * CHOICES], tile_list[EXPERTS + ROWS * CHOICES / TILE]; // a tile's expert, first assignment and count

uint tiles_used() { return all_tiles; }
Tile tile_of(uint i) {
    const uint t = subgroup_uniform(tile_list[i]);
    return Tile(t & 0xffffu, t >> 16 & 0xfffu, t >> 28);
}
uint assignment_of(uint i) { return list[i]; }
#include "moe/swiglu_mma.glsl"

void main() {
    const uint rows = subgroup_uniform(min(step.v[STEP_ROWS], ROWS));
    list_clear();
    norm_prefetch(norm);
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
