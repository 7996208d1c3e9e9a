#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and expert_matmul_swiglu in one for few rows, by matrix units whose
// operands are put together in registers.
//
//   y[p][o] = silu(gate[e(p)][o] . h[p / share]) * (up[e(p)][o] . h[p / share])
//   for every place p,  h[r] = norm * x[r] / sqrt(mean(x[r]^2) + eps)
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows}, norm {k} F32, groups as
// expert_group leaves it, y {n, top_k, R} F16, bounded by the largest half.
//
// op: expert_norm_swiglu
// types: Q4_K Q5_K Q6_K
// tile: 1 all 1
// max_workgroups: 1 per_sm
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 fragments
// rows: 2 64
// when: k%256 k<=2048
// halves: y
// precision: f16
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
#include "silu.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FRAGMENT_WARPS = 8, MATRICES = 2, SUMS_TURNS = 2;

#define PUSH_groups ActU
#include "push.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 2) coherent writeonly buffer PutF16 { float16_t v[]; };
#include "sync_main.glsl"
#include "groups.glsl"
uint tiles_used() { return groups.v[0]; }
Tile tile_of(uint i) { return tile_at(i); }
uint place_of(uint i) { return place_at(i); }
#include "swiglu_fragment.glsl"

void main() {
    norm_ahead(norm);
    sync_wait();
    share_out();
    sync_done();
}
