#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and linear in one for few rows and many outputs, by matrix units whose
// operands are put together in registers.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. The
// workgroups share out the outputs, sixteen at a time.
//
// op: norm_linear
// tile: 16 all 1
// max_workgroups: 1 per_sm
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 mma
// rows: 2 15
// requires: k%256 k<=2048 n>=16384
// precision: f16
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
layout(constant_id = 1) const uint K = 256;
const uint MMA_WARPS = 8, MATRICES = 2, SUMS_ROUNDS = 2;

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "mma/mma_load.glsl"
#include "mma/mma_act.glsl"
#include "mma/mma_sums.glsl"
#include "mma/mma_walk.glsl"

uint first_row;
shared float walk_factors[8 * MATRICES];

uint64_t mma_from(uint r) { return at(x, first_row + r, K); }

void walk_prefetch() { norm_prefetch(norm); }

vec2 walk_fetch(uint r0, uint rows, uint block, out uvec4 v[8]) {
    vec2 unscale = vec2(0);
    first_row = r0;
    rows = min(rows, 8);
    if (MMA_HAS) mma_take(rows, v, unscale);
    sync_group();
    if (gl_LocalInvocationID.x < rows) walk_factors[r0 % (8 * MATRICES) + gl_LocalInvocationID.x] = mma_factor(gl_LocalInvocationID.x, eps);
    sync_group();
    return unscale;
}
void walk_store(uint r, uint o, float sum) { PutF32(at(y, r, n)).v[o] = walk_factors[r % (8 * MATRICES)] * sum; }
