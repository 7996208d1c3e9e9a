#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and grouped_gemm_swiglu in one for few rows, by matrix units whose
// operands are put together in registers.
//
//   y[p][o] = silu(gate[e(p)][o] . h[p / share]) * (up[e(p)][o] . h[p / share])
//   for every assignment p,  h[r] = norm * x[r] / sqrt(mean(x[r]^2) + eps)
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows}, norm {k} F32, groups as
// moe_sort leaves it, y {n, top_k, R} F16, bounded by the largest half.
//
// op: expert_norm_swiglu
// tile: 1 all 1
// max_workgroups: 1 per_sm
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 mma
// rows: 2 128
// requires: k%256 k<=2048
// f16: y
// precision: f16
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
#include "moe/silu.glsl"
layout(constant_id = 1) const uint K = 256;
const uint MMA_WARPS = 8, MATRICES = 2, SUMS_ROUNDS = 2;

#define PUSH_groups ActU
#include "push.glsl"
#include "moe/swiglu_store_f16.glsl"
#include "sync/sync_main.glsl"
#include "moe/groups.glsl"
#include "mma/mma_load.glsl"
#include "mma/mma_act.glsl"
#include "mma/mma_sums.glsl"
uint tiles_used() { return groups.v[0]; }
Tile tile_of(uint i) { return tile_at(i); }
uint assignment_of(uint i) { return assignment_at(i); }
#include "moe/swiglu_mma.glsl"

void main() {
    norm_prefetch(norm);
    sync_wait();
    share_out();
    sync_done();
}
