#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and matvec in one for few rows, by matrix units whose operands are put
// together in registers.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 48 outputs of all rows, eight rows at a time; each of its
// subgroups has 256 elements of k.
//
// op: norm_matvec
// types: Q4_K Q5_K Q6_K
// tile: 48 all 1
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 fragments
// rows: 2 15
// when: k%256 k<=2048 n<=8192
// precision: f16
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FRAGMENT_WARPS = 8, MATRICES = 3, SUMS_TURNS = 1, OUTS = 16 * MATRICES;

#include "push.glsl"
#include "sync_main.glsl"
#include "fragment_load.glsl"
#include "fragment_take.glsl"
#include "fragment_sums.glsl"

uint r0; // the pass' first row

uint64_t fragment_from(uint r) { return at(x, r0 + r, K); }

void main() {
    const uint first = gl_WorkGroupID.x * OUTS, block = min(gl_SubgroupID, FRAGMENT_BLOCKS - 1), active_rows = same(step.v[rows_at]);
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    Pair next = pair_load(w, pair_rows(first, n - 1), block);
    norm_ahead(norm);
    sync_wait();
    [[dont_unroll]] for (r0 = 0; r0 < active_rows; r0 += 8) {
        const uint rows = min(8, active_rows - r0);
        if (FRAGMENT_HAS) {
            uvec4 v[8];
            vec2 unscale;
            fragment_take(rows, v, unscale);
            [[dont_unroll]] for (uint m = 0; m < MATRICES; m++) {
                const Pair p = next;
                next = pair_load(w, pair_rows(first + (m + 1 < MATRICES ? 16 * m + 16 : 0), n - 1), block);
                FRAGMENT_SUMS sums = FRAGMENT_SUMS(0.0);
                FRAGMENT_BLOCK(sums, p.low, p.high, fragment_t(), bits, v)
                SUMS_PUT(0, m, sums, unscale)
            }
        }
        sync_group();
        [[dont_unroll]] for (uint i = gl_LocalInvocationID.x; i < OUTS * rows; i += gl_WorkGroupSize.x) {
            const uint r = i / OUTS, o = i % OUTS;
            if (first + o < n) PutF32(at(y, r0 + r, n)).v[first + o] = fragment_factor(r, eps) * sums_of(0, o / 16, r, o % 16);
        }
        sync_group();
    }
    sync_done();
}
