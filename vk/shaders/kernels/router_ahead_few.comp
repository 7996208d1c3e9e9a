#version 460
#extension GL_GOOGLE_include_directive : require
// router_ahead for few rows: a workgroup loads its output's weights once.
//
//   y[r][e] = sum_i w[e][i] * norm[i] * x[r][i] + sum_j fold[e][j] * a[r][j]
//
// w {k, n}, x {k, R}, norm {k}, a {j, R}, fold {j, n}, y {n, R}, all F32. One
// workgroup an output of all rows, of which each subgroup takes every eighth.
//
// op: router_ahead
// types: F32
// tile: 1 all 1
// local: 8 subgroups
// spec: k j
// needs: gpu shared48 warps8
// rows: 2 32
// when: k%4 j%4 k<=4096 j<=6144
// sync: counter aside
// early: x
#include "common.glsl"
#include "sync.glsl"
#include "router_ahead.glsl"

vec4 attention4(uint r, uint i) { return Act4(at(a, r, J)).v[i]; }
