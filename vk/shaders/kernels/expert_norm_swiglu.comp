#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and expert_matmul_swiglu in one for few rows, with packed integer dot
// products.
//
//   y[p][o] = silu(gate[e(p)][o] . h[p / share]) * (up[e(p)][o] . h[p / share])
//   for every place p,  h[r] = norm * x[r] / sqrt(mean(x[r]^2) + eps)
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows}, norm {k} F32, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 96 outputs
// of one tile of places, four of them at a time, whose weights it loads before it
// has them.
//
// op: expert_norm_swiglu
// types: Q4_K Q5_K Q6_K
// tile: 96 1 1
// local: 8 subgroups
// spec: k
// needs: gpu dot shared48 warps8
// rows: 16 64
// when: k%256 k<=2048
// precision: q16 q8
// sync: counter
const uint FEW = 4;
#include "expert_norm_swiglu.glsl"
