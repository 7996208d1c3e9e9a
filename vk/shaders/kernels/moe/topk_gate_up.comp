#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm, top_k and expert_gate_up in one, for few rows on a GPU: every
// workgroup normalizes the row and every subgroup ranks the experts for itself,
// as soon as the logits are there, so that weights are on their way before x is.
//
//   h = norm * x[r] / sqrt(mean(x[r]^2) + eps)
//   p = softmax(logits[r]);  ids[r] = the top_k largest p, falling, ties by
//   lowest index;  weights[r][s] = scale * p[ids[r][s]] / (renormalize ? sum_s p : 1)
//   renormalize = 2: the logits still lack the factor of h, 1 / sqrt(...)
//   y[r][s][o] = silu(gate[e][o] . h) * (up[e][o] . h),  e = ids[r][s]
//
// x {k, R}, norm {k}, logits {experts, R} F32, gate, up {k, n, experts} of the
// kernel's type, ids {top_k, R} U32, weights {top_k, R}, y {n, top_k, R} F32.
// One workgroup covers 48 outputs of one choice and row. A NaN among the logits
// counts as the lowest value.
//
// op: topk_gate_up
// tile: 48 1 1
// local: 8 subgroups
// spec: k experts
// needs: gpu dot warps8
// rows: 1 1
// requires: k%256 k<=8192 experts<=256 top_k<=8
// precision: q16 q8
// sync: counter
// early: logits
#include "core/common.glsl"
#include "moe/topk_gate_up_args.glsl"

void emit(uint r, uint s, uint o, float v) { PutF32(at(y, r * top_k + s, n)).v[o] = v; }
void emitted(uint r, uint s) {}
#include "moe/topk_gate_up_main.glsl"
