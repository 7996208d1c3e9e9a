// The multiplication of matrix.glsl's tiles for devices without matrix units.
// An invocation has eight rows by eight outputs, four in each half of the
// outputs.
float sums[64]; // row by row

uint sum_row() { return 8 * (gl_LocalInvocationID.x & 7); }
uint sum_out(uint j) { return (j >> 2) * (MATRIX_OUTS / 2) + 4 * (gl_LocalInvocationID.x >> 3) + (j & 3); }

void matrix_clear() {
    [[unroll]] for (uint i = 0; i < 64; i++) sums[i] = 0;
}

void matrix_multiply(uint bands) {
    for (uint q = 0; q < 8; q++)
        for (uint c = 0; c < 4; c++) { // two elements at a time
            vec2 w[8];
            [[unroll]] for (uint j = 0; j < 8; j++) w[j] = unpackHalf2x16(w_tile[sum_out(j) * PITCH + q][c]);
            [[unroll]] for (uint i = 0; i < 8; i++) {
                const vec2 a = unpackHalf2x16(x_tile[(sum_row() + i) * PITCH + q][c]);
                [[unroll]] for (uint j = 0; j < 8; j++) sums[8 * i + j] = fma(a.y, w[j].y, fma(a.x, w[j].x, sums[8 * i + j]));
            }
        }
}

// matrix_each gives each product to put(row, out, value).
void matrix_each(uint rows) {
    [[unroll]] for (uint i = 0; i < 8; i++)
        if (sum_row() + i < rows) [[unroll]] for (uint j = 0; j < 8; j++) put(sum_row() + i, sum_out(j), sums[8 * i + j] / x_scale[sum_row() + i]);
}

// matrix_gated gives silu(a) * b to put for the pairs of the outputs' halves.
void matrix_gated(uint rows) {
    [[unroll]] for (uint i = 0; i < 8; i++) {
        const float unscale = 1.0 / x_scale[sum_row() + i];
        if (sum_row() + i < rows)
            [[unroll]] for (uint j = 0; j < 4; j++) put(sum_row() + i, sum_out(j), silu(sums[8 * i + j] * unscale) * sums[8 * i + j + 4] * unscale);
    }
}
