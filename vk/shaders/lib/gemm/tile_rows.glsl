// The loop of gemm/tile.glsl's products for a tile of NB bands, unrolled and without
// conditions inside but for whole steps, so that everything stays in registers.
// What PREFETCH steps multiply is on its way from memory at any time.
#define X_RUNS ((NB * 128 + THREADS - 1) / THREADS)
#define MATRIX_LOAD(a, u) { \
    [[unroll]] for (uint i = 0; i < SIDES; i++) next_w[(a) * SIDES + i] = raw_load(w_from[i], u, matrix_side()); \
    [[unroll]] for (uint i = 0; i < X_RUNS; i++) next_x[(a) * X_RUNS + i] = x_load(from[i] + (half_at(u, part) + odd) * X_BYTES); \
}

void NAMED(matrix_rows, NB)(uint64_t x, uint k, uint rows) {
    const uint lane = matrix_lane(), team = matrix_team(), steps = k / 64 / SPLIT_K;
    uint64_t from[X_RUNS], w_from[SIDES];
    float scale[X_RUNS];
    Eight next_x[PREFETCH * X_RUNS];
    Raw next_w[PREFETCH * SIDES];
    MATRIX_SUMS(NB)
    [[unroll]] for (uint i = 0; i < SIDES; i++) w_from[i] = matrix_weights(matrix_out(i));
    // Of the rows an invocation brings runs of eight elements.
    [[unroll]] for (uint i = 0; i < X_RUNS; i++) from[i] = x + uint64_t(source[(lane + i * THREADS) / 8 % (16 * NB)]) * (k * X_BYTES);
    const uint part = lane % 8 / 2, odd = lane % 2 * 8;
#ifdef X_FLOATS
    for (uint i = gl_LocalInvocationID.x; i < ROWS; i += gl_WorkGroupSize.x) x_scale[i] = 1.0;
    if (gl_LocalInvocationID.x == 0) overflow = 0;
    x_top = 0;
    barrier();
    for (uint attempt = 0;; attempt++) {
        [[unroll]] for (uint i = 0; i < X_RUNS; i++) scale[i] = x_scale[(lane + i * THREADS) / 8 % (16 * NB)];
#endif
    MATRIX_CLEAR(NB)
    [[unroll]] for (uint a = 0; a < PREFETCH; a++)
        if (a < steps) MATRIX_LOAD(a, team + a * SPLIT_K)
    for (uint first = 0; first < steps; first += PREFETCH) {
        [[unroll]] for (uint a = 0; a < PREFETCH; a++) {
            if (a == 0 || first + a < steps) {
                const uint u = team + (first + a) * SPLIT_K;
                barrier();
                [[unroll]] for (uint i = 0; i < SIDES; i++) tile_store(next_w[a * SIDES + i], u, matrix_out(i));
                [[unroll]] for (uint i = 0; i < X_RUNS; i++) {
                    const uint run = lane + i * THREADS;
                    if (NB * 128 % THREADS == 0 || run < NB * 128) x_tile[x_base() + run / 8 * PITCH + run % 8] = x_halves(next_x[a * X_RUNS + i], scale[i]);
                }
                barrier();
                if (first + a + PREFETCH < steps) MATRIX_LOAD(a, u + PREFETCH * SPLIT_K)
                MATRIX_MULTIPLY(NB)
            }
        }
    }
#ifdef X_FLOATS
        if (!matrix_again(x, k, attempt)) break;
    }
#endif
    [[unroll]] for (uint b = 0; b < NB / WARPS_M; b++) {
        barrier();
        MATRIX_EMIT(NB, b)
        barrier();
        for (uint e = gl_LocalInvocationID.x; e < 16 * WARPS_M * (WIDTH / 4); e += gl_WorkGroupSize.x) {
            const uint r = e / (WIDTH / 4), c = e % (WIDTH / 4), row = 16 * (r / 16 * (NB / WARPS_M) + b) + r % 16;
            if (row < rows) matrix_out4(row, r, c);
        }
    }
}
#undef X_RUNS
#undef MATRIX_LOAD
