// An invocation's part of a row of logits. Included after sample/argmax.glsl, after
// argmax_load, which gives four logits, and argmax_load1, which gives one, and the
// number PREFETCH of vectors that are under way at once.

// argmax_own is the best of what the invocation looks at of logits first to end of
// a row of n; first is a multiple of four.
Best argmax_own(uint64_t row, uint n, uint first, uint end) {
    Best b = best_none();
    const uint quads = (n & 3) == 0 ? end / 4 : first / 4, step4 = PREFETCH * gl_WorkGroupSize.x;
    for (uint i = first / 4 + gl_LocalInvocationID.x; i < quads; i += step4) {
        vec4 v[PREFETCH];
        [[unroll]] for (uint u = 0; u < PREFETCH; u++) v[u] = argmax_load(row, min(i + u * gl_WorkGroupSize.x, quads - 1));
        [[unroll]] for (uint u = 0; u < PREFETCH; u++) {
            const uint at = 4 * min(i + u * gl_WorkGroupSize.x, quads - 1);
            [[unroll]] for (uint c = 0; c < 4; c++) load(v[u][c], at + c, b);
        }
    }
    for (uint i = 4 * quads + gl_LocalInvocationID.x; i < end; i += gl_WorkGroupSize.x) load(argmax_load1(row, i), i, b);
    return b;
}
