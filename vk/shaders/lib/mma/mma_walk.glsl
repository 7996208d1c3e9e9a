// The main of products with many outputs: a workgroup walks along the outputs,
// sixteen at a time, with the activations of all rows in registers. Each of its
// subgroups has 256 elements of k. Included after mma/mma_load.glsl and
// mma/mma_sums.glsl; MATRICES is how many eights of rows there can be, w, x, y, k,
// n and count stand in the push constants. walk_fetch brings the eight rows from r0
// on and returns what their sums must be multiplied with; walk_store stores a sum.
void walk_prefetch(); // before anything is waited for
vec2 walk_fetch(uint r0, uint rows, uint block, out uvec4 v[8]);
void walk_store(uint r, uint o, float sum);

// walk_rows is all outputs of up to 8 * MATRICES rows from r0 on, the first of
// whose weights are loaded.
void walk_rows(uint r0, uint rows, uint block, Pair p) {
    const uint bits = HALF_BITS | (n >> 31), t = lane_t(); // n is below 2^31
    const uint stride = 16 * gl_NumWorkGroups.x, most = (n - 1) / 16 * 16;
    uvec4 v[MATRICES][8];
    vec2 unscale[MATRICES];
    [[unroll]] for (uint m = 0; m < MATRICES; m++) {
        [[unroll]] for (uint i = 0; i < 8; i++) v[m][i] = uvec4(0);
        unscale[m] = vec2(0);
        if (8 * m < rows) unscale[m] = walk_fetch(r0 + 8 * m, rows - 8 * m, block, v[m]);
    }
    uint turn = 0;
    [[dont_unroll]] for (uint first = gl_WorkGroupID.x * 16; first < n; first += stride, turn ^= 1) {
        if (MMA_HAS) {
            MMA_SUMS sums[MATRICES];
            [[unroll]] for (uint m = 0; m < MATRICES; m++) sums[m] = MMA_SUMS(0.0);
            const Scale low_scale = unit_scale(p.low, t, bits), high_scale = unit_scale(p.high, t, bits);
            [[unroll]] for (uint i = 0; i < 8; i++) {
                const uint side = i / 4, a = 2 * side + i % 4 / 2, c = 2 * (i % 2);
                uvec2 low[2], high[2];
                unit_halves(p.low, low_scale, side, i % 4, bits, low[0], low[1]);
                unit_halves(p.high, high_scale, side, i % 4, bits, high[0], high[1]);
                [[unroll]] for (uint m = 0; m < MATRICES; m++) {
                    const uvec2 x0 = uvec2(v[m][a][c], v[m][a][c + 1]), x1 = uvec2(v[m][a + 4][c], v[m][a + 4][c + 1]);
                    MMA_ADD_TO(sums[m], low[0], high[0], x0)
                    MMA_ADD_TO(sums[m], low[1], high[1], x1)
                }
            }
            p = pair_load(w, pair_rows(min(first + stride, most), n - 1), block);
            [[unroll]] for (uint m = 0; m < MATRICES; m++) SUMS_STORE(turn, m, sums[m], unscale[m])
        }
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < 16 * rows; i += gl_WorkGroupSize.x) {
            const uint r = i / 16, o = i % 16;
            if (first + o < n) walk_store(r0 + r, first + o, sums_of(turn, r / 8, r % 8, o));
        }
    }
}

void main() {
    const uint active_rows = subgroup_uniform(step.v[rows_at]), block = min(gl_SubgroupID, MMA_BLOCKS - 1), most = 8 * MATRICES;
    const Pair p = pair_load(w, pair_rows(gl_WorkGroupID.x * 16, n - 1), block);
    walk_prefetch();
    sync_wait();
    [[dont_unroll]] for (uint r0 = 0; r0 < active_rows; r0 += most) {
        if (r0 > 0) sync_group();
        walk_rows(r0, min(most, active_rows - r0), block, p);
    }
    sync_done();
}
