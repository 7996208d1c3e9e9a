#version 460
#extension GL_GOOGLE_include_directive : require
// topk_down whose activations are fixed point already.
//
// Arguments are those of topk_down.comp, but for h U32, as
// topk_gate_up_q16 leaves it: see graph.StoreQ16.
//
// op: topk_down_q16
// tile: 16 1 1
// local: 16 subgroups
// spec: k experts top_k
// needs: gpu dot warps16
// rows: 1 1
// requires: k%256 k<=1024 experts<=256 top_k<=8
// precision: q16
// sync: counter
// early: logits res
#include "core/common.glsl"
#include "moe/topk_down_args.glsl"
#include "act/q16_copy.glsl"
#include "decode/scaled16.glsl"
#include "dot_unit.glsl"

void load(uint r) { q16_copy(h + uint64_t(r) * (Q16_N / 16 * 40)); }
#include "moe/topk_down_main.glsl"
