#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the rows that chose them, by matrix units,
// for experts with many rows.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every place p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 128 outputs
// of two tiles of places.
//
// op: expert_matmul
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 128 1 1
// local: 256 exact
// spec:
// needs: gpu shared48 coopmat subgroup32 float16
// rows: 1024 0
// when: k%64
// precision: f16
#define BANDS 8
#define OUTS 128
#define THREADS 256
#define TEAMS 1
#define DOWN 2
#include "expert_matmul_args.glsl"
#include "matrix_floats.glsl"
#include "expert_matmul_put.glsl"
#include "matrix_coop.glsl"
#include "expert_matmul_main.glsl"
