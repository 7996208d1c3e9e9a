#version 460
#extension GL_GOOGLE_include_directive : require
// top_k and expert_down in one, with packed integer dot products, for few rows
// on a GPU: every workgroup ranks the experts for itself, so that their weights
// are on their way before the activations are there.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * sum_i w[ids[s]][o][i] * h[r][s][i],
//   ids from logits[r] as in topk_gate_up.comp
//
// w {k, n, experts} of the kernel's type, h {k, top_k, R}, logits {experts, R},
// weights {top_k, R} F32, res {n, R} F32 or absent, y {n, R} F32. One workgroup covers 16 outputs of
// one row, a subgroup one: its invocations share out the units of all choices.
//
// op: topk_down
// tile: 16 1 1
// local: 16 subgroups
// spec: k experts top_k
// needs: gpu dot warps16
// rows: 1 1
// requires: k%256 k<=1024 experts<=256 top_k<=8
// precision: q8
// sync: counter
// early: logits res
#include "core/common.glsl"
#include "moe/topk_down_args.glsl"
#include "act/q16_load.glsl"
#include "decode/scaled32.glsl"
#include "dot_unit.glsl"

void load(uint r) { q16_load(at(h, r, Q16_N), q16_prefetch(at(h, r, Q16_N), 0)); }
#include "moe/topk_down_main.glsl"
