#version 460
#extension GL_GOOGLE_include_directive : require
// linear for few rows, by matrix units whose operands are put
// together in registers.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent, y {n, R}
// F32. One workgroup covers 16 outputs of all rows, eight rows at a time; each of
// its subgroups has 256 elements of k.
//
// op: linear
// tile: 16 all 1
// local: 16 subgroups
// spec: k
// needs: gpu shared48 warps16 coopmat subgroup32 float16 mma
// rows: 2 15
// requires: k%256 k<=4096 n<=8192
// precision: f16
// sync: counter
// early: res
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
layout(constant_id = 1) const uint K = 256;
const uint MMA_WARPS = 16, MATRICES = 1, SUMS_ROUNDS = 1;

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "mma/mma_load.glsl"
#include "mma/mma_act.glsl"
#include "mma/mma_sums.glsl"

uint r0; // the pass' first row

uint64_t mma_from(uint r) { return at(x, r0 + r, K); }

// residual is what output o of row r is added to.
float residual(uint r, uint o, uint rows) { return res != 0 && r < rows && o < n ? Act(at(res, r, n)).v[o] : 0.0; }

void main() {
    const uint first = gl_WorkGroupID.x * 16, block = min(gl_SubgroupID, MMA_BLOCKS - 1), active_rows = subgroup_uniform(step.v[rows_at]);
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    const Pair p = pair_load(w, pair_rows(first, n - 1), block);
    const uint r = gl_LocalInvocationID.x / 16, o = gl_LocalInvocationID.x % 16;
    sync_early();
    float before = residual(r, first + o, active_rows);
    sync_wait();
    [[dont_unroll]] for (r0 = 0; r0 < active_rows; r0 += 8) {
        const uint rows = min(8, active_rows - r0);
        if (MMA_HAS) {
            uvec4 v[8];
            vec2 unscale;
            mma_take(rows, v, unscale);
            MMA_SUMS sums = MMA_SUMS(0.0);
            MMA_BLOCK(sums, p.low, p.high, lane_t(), bits, v)
            SUMS_STORE(0, 0, sums, unscale)
        }
        sync_group();
        if (r < rows && first + o < n) PutF32(at(y, r0 + r, n)).v[first + o] = before + sums_of(0, 0, r, o);
        before = residual(r0 + 8 + r, first + o, active_rows);
        sync_group();
    }
    sync_done();
}
