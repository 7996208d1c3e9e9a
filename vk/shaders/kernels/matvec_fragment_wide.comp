#version 460
#extension GL_GOOGLE_include_directive : require
// matvec for some rows of activations kept as halves and many outputs, by matrix
// units whose operands are put together in registers.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F16, res {n, R} F32 or absent, y {n, R}
// F32. The workgroups share out the outputs, sixteen at a time.
//
// op: matvec
// types: Q4_K Q5_K Q6_K
// tile: 16 all 1
// max_workgroups: 1 per_sm
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 fragments
// rows: 16 64
// when: k%256 k<=2048 n>=16384
// halves: x
// precision: f16
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FRAGMENT_WARPS = 8, FRAGMENT_BLOCKS = K / 256, MATRICES = 4, SUMS_TURNS = 2;

#include "push.glsl"
#include "sync_main.glsl"
#include "fragment_load.glsl"
#include "fragment_halves.glsl"
#include "fragment_sums.glsl"
#include "fragment_wide.glsl"

void wide_ahead() {}
vec2 wide_take(uint r0, uint rows, uint block, out uvec4 v[8]) {
    halves_take(x, r0 + min(fragment_g(), rows - 1), block, v);
    return vec2(1);
}
void wide_put(uint r, uint o, float sum) {
    PutF32(at(y, r, n)).v[o] = sum + (res != 0 ? Act(at(res, r, n)).v[o] : 0.0);
}
