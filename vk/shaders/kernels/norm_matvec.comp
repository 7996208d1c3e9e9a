#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and matvec in one, with packed integer dot products, for few rows on
// a GPU: every workgroup normalizes the row for itself.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 16 outputs of a row, two a subgroup at a time.
//
// op: norm_matvec
// types: Q4_K Q5_K Q6_K
// tile: 16 1 1
// most: 128
// local: 256
// spec: k
// needs: gpu dot
// rows: 1 8
// when: k%256 k<=8192
// precision: q16 q8
// sync: counter
#include "norm_matvec.glsl"
