#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and matvec in one for few rows and many outputs, by matrix units whose
// operands are put together in registers.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. The
// workgroups share out the outputs, sixteen at a time.
//
// op: norm_matvec
// types: Q4_K Q5_K Q6_K
// tile: 16 all 1
// max_workgroups: 1 per_sm
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 fragments
// rows: 2 15
// when: k%256 k<=2048 n>=16384
// precision: f16
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FRAGMENT_WARPS = 8, MATRICES = 2, SUMS_TURNS = 2;

#include "push.glsl"
#include "sync_main.glsl"
#include "fragment_load.glsl"
#include "fragment_take.glsl"
#include "fragment_sums.glsl"
#include "fragment_wide.glsl"

uint first_row;
shared float wide_factors[8 * MATRICES];

uint64_t fragment_from(uint r) { return at(x, first_row + r, K); }

void wide_ahead() { norm_ahead(norm); }

vec2 wide_take(uint r0, uint rows, uint block, out uvec4 v[8]) {
    vec2 unscale = vec2(0);
    first_row = r0;
    rows = min(rows, 8);
    if (FRAGMENT_HAS) fragment_take(rows, v, unscale);
    sync_group();
    if (gl_LocalInvocationID.x < rows) wide_factors[r0 % (8 * MATRICES) + gl_LocalInvocationID.x] = fragment_factor(gl_LocalInvocationID.x, eps);
    sync_group();
    return unscale;
}
void wide_put(uint r, uint o, float sum) { PutF32(at(y, r, n)).v[o] = wide_factors[r % (8 * MATRICES)] * sum; }
