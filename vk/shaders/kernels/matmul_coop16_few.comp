#version 460
#extension GL_GOOGLE_include_directive : require
// matvec for some rows of activations kept as
// halves, by matrix units.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 32 outputs of 32
// rows, in four teams along k, so that enough is under way.
//
// op: matvec
// types: F16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 32 32 1
// local: 128 exact
// spec:
// needs: gpu shared48 coopmat subgroup32 float16
// rows: 16 32
// when: k%256
// halves: x
// precision: f16
#define BANDS 2
#define OUTS 32
#define THREADS 32
#define TEAMS 4
#define DOWN 1
#include "matmul_args.glsl"
#include "matrix_halves.glsl"
#include "matmul_put.glsl"
#include "matrix_coop.glsl"
#include "matmul_main.glsl"
