#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the few rows that chose them, with packed integer
// dot products.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every place p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 256 outputs
// of one tile of places, three of them at a time, whose weights it loads before it
// has them.
//
// op: expert_matmul
// types: Q4_K Q5_K Q6_K
// tile: 256 1 1
// local: 8 subgroups
// spec: k
// needs: gpu dot warps8
// rows: 2 15
// when: k%256 k<=2048
// precision: q16 q8
// sync: counter
// early: groups
const uint FEW = 3;
#include "expert_matmul_dot.glsl"
