#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and linear in one for few rows, by matrix units whose operands are put
// together in registers.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 48 outputs of all rows, eight rows at a time; each of its
// subgroups has 256 elements of k.
//
// op: norm_linear
// tile: 48 all 1
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 mma
// rows: 2 15
// requires: k%256 k<=2048 n<=8192
// precision: f16
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "mma/mma_weights.glsl"
layout(constant_id = 1) const uint K = 256;
const uint MMA_WARPS = 8, MATRICES = 3, SUMS_ROUNDS = 1, TILE_N = 16 * MATRICES;

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "mma/mma_load.glsl"
#include "mma/mma_act.glsl"
#include "mma/mma_sums.glsl"

uint r0; // the pass' first row

uint64_t mma_from(uint r) { return at(x, r0 + r, K); }

void main() {
    const uint first = gl_WorkGroupID.x * TILE_N, block = min(gl_SubgroupID, MMA_BLOCKS - 1), active_rows = subgroup_uniform(step.v[rows_at]);
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    Pair next = pair_load(w, pair_rows(first, n - 1), block);
    norm_prefetch(norm);
    sync_wait();
    [[dont_unroll]] for (r0 = 0; r0 < active_rows; r0 += 8) {
        const uint rows = min(8, active_rows - r0);
        if (MMA_HAS) {
            uvec4 v[8];
            vec2 unscale;
            mma_take(rows, v, unscale);
            [[dont_unroll]] for (uint m = 0; m < MATRICES; m++) {
                const Pair p = next;
                next = pair_load(w, pair_rows(first + (m + 1 < MATRICES ? 16 * m + 16 : 0), n - 1), block);
                MMA_SUMS sums = MMA_SUMS(0.0);
                MMA_BLOCK(sums, p.low, p.high, lane_t(), bits, v)
                SUMS_STORE(0, m, sums, unscale)
            }
        }
        sync_group();
        [[dont_unroll]] for (uint i = gl_LocalInvocationID.x; i < TILE_N * rows; i += gl_WorkGroupSize.x) {
            const uint r = i / TILE_N, o = i % TILE_N;
            if (first + o < n) PutF32(at(y, r0 + r, n)).v[first + o] = mma_factor(r, eps) * sums_of(0, o / 16, r, o % 16);
        }
        sync_group();
    }
    sync_done();
}
