#version 460
#extension GL_GOOGLE_include_directive : require
// matvec for many rows of activations kept as
// halves, by matrix units.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 128 outputs of 64 rows.
//
// op: matvec
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 128 64 1
// local: 128 exact
// spec:
// needs: gpu shared48 coopmat subgroup32 float16
// rows: 16 0
// min_workgroups: 0.91 per_sm
// when: k%64
// halves: x
// precision: f16
#define BANDS 4
#define OUTS 128
#define THREADS 128
#define TEAMS 1
#define DOWN 1
#include "matmul_args.glsl"
#include "matrix_halves.glsl"
#include "matmul_put.glsl"
#include "matrix_coop.glsl"
#include "matmul_main.glsl"
