// The loop of matrix.glsl's products. Included after what multiplies:
// matrix_clear and matrix_multiply(bands).

void matrix_sums(uint64_t w_row, uint64_t x, uint k, uint bands) {
    matrix_clear();
    matrix_load(w_row, x, k, 0, bands);
    for (uint u = 0; u < k / 64; u++) {
        barrier();
        matrix_store(u, bands);
        barrier();
        if (u + 1 < k / 64) matrix_load(w_row, x, k, u + 1, bands);
        matrix_multiply(bands);
    }
}

// matrix_scales finds for each row the power of two that brings its largest
// element below 2^15.
void matrix_scales(uint64_t x, uint k) {
    for (uint i = gl_LocalInvocationID.x; i < MATRIX_ROWS; i += gl_WorkGroupSize.x) {
        vec4 top = vec4(0);
        for (uint j = 0; j < k / 4; j++) top = max(top, abs(x_at(x, source[i], k, 4 * j)));
        const float most = max(max(top.x, top.y), max(top.z, top.w));
        int e;
        frexp(most, e);
        x_scale[i] = most > 32768.0 && most < 1e38 ? ldexp(1.0, 15 - e) : 1.0;
    }
}

// matrix_product leaves the products of the tile's first rows in the sums, to be
// divided by x_scale. source is set and a barrier was passed.
void matrix_product(uint64_t w_row, uint64_t x, uint k, uint rows) {
    for (uint i = gl_LocalInvocationID.x; i < MATRIX_ROWS; i += gl_WorkGroupSize.x) x_scale[i] = 1.0;
    if (gl_LocalInvocationID.x == 0) overflow = 0;
    x_start();
    for (uint attempt = 0; attempt < 2; attempt++) {
        matrix_sums(w_row, x, k, (rows + 15) / 16);
        if (!X_HALVES && x_top > 65504.0) overflow = 1;
        barrier();
        if (X_HALVES || overflow == 0 || attempt > 0) break;
        matrix_scales(x, k);
    }
}
