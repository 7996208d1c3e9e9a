#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the rows that chose them, by matrix units whose
// operands are put together in registers.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every place p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 512 outputs
// of one tile of places, 256 at a time; a subgroup of these 32.
//
// op: expert_matmul
// types: Q4_K Q5_K Q6_K
// tile: 512 1 1
// local: 8 subgroups
// spec:
// needs: gpu shared48 warps8 coopmat subgroup32 float16 fragments
// rows: 65 0
// when: k%256
// precision: f16
#define THREADS 256
#define CHUNKS 2
#include "expert_matmul_fragment.glsl"
