#version 460
#extension GL_GOOGLE_include_directive : require
// matvec for many rows and few outputs in float32, for GPUs, such as a router:
// small tiles and two teams along k, so that enough is under way.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 16 outputs of 16 rows. The order of a sum depends on k alone.
//
// op: matvec
// types: F32 F16 BF16
// tile: 16 16 1
// local: 128 exact
// spec:
// needs: gpu
// rows: 16 0
// when: k%128 n<=512
#define OUTS 16
#define TEAMS 2
#include "tile.glsl"
