// The main of the matvec_fragment kernels. Included after K, FRAGMENT_WARPS and
// MATRICES, how many sixteens of outputs a workgroup has.
const uint OUTS = 16 * MATRICES, FRAGMENT_BLOCKS = K / 256, PASSES = 4, SUMS_TURNS = PASSES;

#include "push.glsl"
#include "sync_main.glsl"
#include "fragment_load.glsl"
#include "fragment_halves.glsl"
#include "fragment_sums.glsl"

void main() {
    const uint first = gl_WorkGroupID.x * OUTS, block = min(gl_SubgroupID, FRAGMENT_BLOCKS - 1), active_rows = same(step.v[rows_at]);
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    uvec4 a[MATRICES][16];
    [[unroll]] for (uint m = 0; m < MATRICES; m++) {
        const Pair p = pair_load(w, pair_rows(first + 16 * m, n - 1), block);
        fragment_open(p.low, p.high, fragment_t(), bits, a[m]);
    }
    sync_wait();
    [[dont_unroll]] for (uint r0 = 0; r0 < active_rows; r0 += 8 * PASSES) {
        const uint rows = min(8 * PASSES, active_rows - r0);
        if (FRAGMENT_HAS) {
            // Workgroups begin at different rows, so that they do not all ask for the
            // same at once.
            const uint passes = (rows + 7) / 8;
            [[dont_unroll]] for (uint i = 0; i < passes; i++) {
                const uint pass = (i + gl_WorkGroupID.x) % passes;
                uvec4 v[8];
                halves_take(x, r0 + min(8 * pass + fragment_g(), rows - 1), block, v);
                [[unroll]] for (uint m = 0; m < MATRICES; m++) {
                    FRAGMENT_SUMS sums = FRAGMENT_SUMS(0.0);
                    FRAGMENT_OPENED(sums, a[m], v)
                    SUMS_PUT(pass, m, sums, vec2(1))
                }
            }
        }
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < OUTS * rows; i += gl_WorkGroupSize.x) {
            const uint r = i / OUTS, o = i % OUTS;
            if (first + o >= n) continue;
            const float before = res != 0 ? Act(at(res, r0 + r, n)).v[first + o] : 0.0;
            PutF32(at(y, r0 + r, n)).v[first + o] = before + sums_of(r / 8, o / 16, r % 8, o % 16);
        }
        if (r0 + rows < active_rows) sync_group();
    }
    sync_done();
}
