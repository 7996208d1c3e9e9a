// The main of the linear_mma_b16_112 kernels. Included after K, MMA_WARPS and
// MATRICES, how many sixteens of outputs a workgroup has.
const uint MMA_BLOCKS = K / 256, PASSES = 4, SUMS_ROUNDS = PASSES;

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "mma/mma_load.glsl"
#include "mma/mma_f16.glsl"
#include "mma/mma_sums.glsl"

void main() {
    const uint first = gl_WorkGroupID.x * TILE_N, block = min(gl_SubgroupID, MMA_BLOCKS - 1), active_rows = subgroup_uniform(step.v[rows_at]);
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    uvec4 a[MATRICES][16];
    [[unroll]] for (uint m = 0; m < MATRICES; m++) {
        const Pair p = pair_load(w, pair_rows(first + 16 * m, n - 1), block);
        mma_open(p.low, p.high, lane_t(), bits, a[m]);
    }
    sync_wait();
    [[dont_unroll]] for (uint r0 = 0; r0 < active_rows; r0 += 8 * PASSES) {
        const uint rows = min(8 * PASSES, active_rows - r0);
        if (MMA_HAS) {
            // Workgroups begin at different rows, so that they do not all ask for the
            // same at once.
            const uint passes = (rows + 7) / 8;
            [[dont_unroll]] for (uint i = 0; i < passes; i++) {
                const uint pass = (i + gl_WorkGroupID.x) % passes;
                uvec4 v[8];
                f16_load(x, r0 + min(8 * pass + lane_g(), rows - 1), block, v);
                [[unroll]] for (uint m = 0; m < MATRICES; m++) {
                    MMA_SUMS sums = MMA_SUMS(0.0);
                    MMA_OPENED(sums, a[m], v)
                    SUMS_STORE(pass, m, sums, vec2(1))
                }
            }
        }
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < TILE_N * rows; i += gl_WorkGroupSize.x) {
            const uint r = i / TILE_N, o = i % TILE_N;
            if (first + o >= n) continue;
            const float before = res != 0 ? Act(at(res, r0 + r, n)).v[first + o] : 0.0;
            PutF32(at(y, r0 + r, n)).v[first + o] = before + sums_of(r / 8, o / 16, r % 8, o % 16);
        }
        if (r0 + rows < active_rows) sync_group();
    }
    sync_done();
}
