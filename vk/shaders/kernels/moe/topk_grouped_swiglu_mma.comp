#version 460
#extension GL_GOOGLE_include_directive : require
// expert_norm_swiglu_mma, to which see, that finds the experts and lists their
// assignments itself, as topk_sort does: no dispatch has to come between the one that
// makes the logits and this one, and the first weights are on their way before x is
// there. Every workgroup makes the same list, in tiles of eight assignments.
//
// gate, up {k, n, experts} of the kernel's type, x {k, R}, norm {k} F32, logits
// {experts, R}, y {n, top_k, R} F16, bounded by the largest half.
//
// op: topk_grouped_swiglu
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
const uint ROWS = 64, MMA_WARPS = 8, MATRICES = 2, SUMS_ROUNDS = 2, WARPS = 8;
#include "moe/topk.glsl"

#include "push.glsl"
#include "moe/swiglu_store_f16.glsl"
#include "sync/sync_main.glsl"

#include "mma/mma_load.glsl"
#include "mma/mma_act.glsl"
#include "mma/mma_sums.glsl"
#include "moe/topk_swiglu_mma.glsl"
