#version 460
#extension GL_GOOGLE_include_directive : require
// linear for many rows in float32, for GPUs: tiles of weights and activations
// in shared memory, the next ones loaded while those at hand are multiplied.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 32 outputs of 16 rows, an invocation four
// outputs of a row. The order of a sum depends on k alone.
//
// op: linear
// tile: 32 16 1
// local: 128 exact
// spec:
// needs: gpu
// rows: 16 0
// requires: k%64
#define TILE_N 32
#define SPLIT_K 1
#include "gemm/tile_exact.glsl"
