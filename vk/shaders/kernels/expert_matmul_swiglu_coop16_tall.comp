#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of the experts, with the rows that chose them, kept as
// halves, by matrix units,
// for experts with many rows.
//
//   y[p][o] = silu(gate[e(p)][o] . x[p / share]) * (up[e(p)][o] . x[p / share])
//   for every place p
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows} F16, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 64 outputs
// of two tiles of places: half of its weight rows are gate's, half up's.
//
// op: expert_matmul_swiglu
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 64 1 1
// local: 256 exact
// spec:
// needs: gpu shared48 coopmat subgroup32 float16
// rows: 1024 0
// when: k%64
// halves: x
// precision: f16
#define BANDS 8
#define OUTS 128
#define THREADS 256
#define TEAMS 1
#define DOWN 2
#include "expert_swiglu_args.glsl"
#include "matrix_halves.glsl"
#include "expert_swiglu_put.glsl"
#include "matrix_coop.glsl"
#include "expert_swiglu_main.glsl"
