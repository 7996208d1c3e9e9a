// The main of the matvec_fragment kernels. Included after K and FRAGMENT_WARPS.
const uint MATRICES = 1, FRAGMENT_BLOCKS = K / 256, PASSES = 4, SUMS_TURNS = PASSES;

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t w; uint64_t x; uint64_t res; uint64_t y;
    uint k; uint n; uint count;
};
#include "sync_main.glsl"
#include "fragment_load.glsl"
#include "fragment_halves.glsl"
#include "fragment_sums.glsl"

void main() {
    const uint first = gl_WorkGroupID.x * 16, block = min(gl_SubgroupID, FRAGMENT_BLOCKS - 1), active_rows = step.v[count];
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    const Pair p = pair_load(w, pair_rows(first, n - 1), block);
    uvec4 a[16];
    fragment_open(p.low, p.high, fragment_t(), bits, a);
    sync_wait();
    [[dont_unroll]] for (uint r0 = 0; r0 < active_rows; r0 += 8 * PASSES) {
        const uint rows = min(8 * PASSES, active_rows - r0);
        if (gl_SubgroupID < FRAGMENT_BLOCKS) {
            [[dont_unroll]] for (uint pass = 0; 8 * pass < rows; pass++) {
                uvec4 v[8];
                halves_take(x, r0 + min(8 * pass + fragment_g(), rows - 1), block, v);
                FRAGMENT_SUMS sums = FRAGMENT_SUMS(0.0);
                FRAGMENT_OPENED(sums, a, v)
                SUMS_PUT(pass, 0, sums, vec2(1))
            }
        }
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < 16 * rows; i += gl_WorkGroupSize.x) {
            const uint r = i / 16, o = i % 16;
            if (first + o >= n) continue;
            const float before = res != 0 ? Act(at(res, r0 + r, n)).v[first + o] : 0.0;
            PutF32(at(y, r0 + r, n)).v[first + o] = before + sums_of(r / 8, 0, r % 8, o);
        }
        if (r0 + rows < active_rows) sync_group();
    }
    sync_done();
}
