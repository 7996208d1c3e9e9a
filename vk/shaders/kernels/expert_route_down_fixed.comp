#version 460
#extension GL_GOOGLE_include_directive : require
// expert_route_down whose activations are fixed point already.
//
// Arguments are those of expert_route_down.comp, but for h U32, as
// expert_route_gate_up_fixed leaves it: see graph/fixed.go.
//
// op: expert_route_down_fixed
// types: Q4_K Q5_K Q6_K
// tile: 16 1 1
// local: 16 subgroups
// spec: k experts top_k
// needs: gpu dot warps16
// rows: 1 1
// when: k%256 k<=1024 experts<=256 top_k<=8
// precision: q16
// sync: counter
// early: logits res
#include "common.glsl"
#include "route_down_args.glsl"
#include "fixed_copy.glsl"
#include "scaled16.glsl"
#include "dot_unit.glsl"

void take(uint r) { fixed_copy(h + uint64_t(r) * (FIXED / 16 * 40)); }
#include "route_down_main.glsl"
