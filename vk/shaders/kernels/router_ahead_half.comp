#version 460
#extension GL_GOOGLE_include_directive : require
// router_ahead for some rows, of which attention's are kept as halves: a workgroup
// loads its output's weights once.
//
//   y[r][e] = sum_i w[e][i] * norm[i] * x[r][i] + sum_j fold[e][j] * a[r][j]
//
// a {j, R} F16; w {k, n}, x {k, R}, norm {k}, fold {j, n}, y {n, R} F32. One
// workgroup an output of all rows, of which each subgroup takes every eighth.
//
// op: router_ahead
// types: F32
// tile: 1 all 1
// local: 8 subgroups
// spec: k j
// needs: gpu shared48 warps8
// rows: 16 32
// when: k%4 j%4 k<=4096 j<=6144
// halves: a
// sync: counter aside
// early: x
#include "common.glsl"
#include "sync.glsl"
#include "router_ahead.glsl"

layout(buffer_reference, scalar, buffer_reference_align = 8) coherent readonly buffer ActHalves2 { uvec2 v[]; };
vec4 attention4(uint r, uint i) {
    const uvec2 h = ActHalves2(a + uint64_t(r) * J * 2).v[i];
    return vec4(unpackHalf2x16(h.x), unpackHalf2x16(h.y));
}
