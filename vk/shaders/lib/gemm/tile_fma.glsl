// The multiplication of gemm/tile.glsl's tiles for devices without matrix units, of
// 64 rows, 128 outputs and one team of 128 invocations, of which one has eight rows by eight
// outputs, four in each half of the outputs.
#define PREFETCH 1
uint sum_row() { return 8 * (gl_LocalInvocationID.x & 7); }
uint sum_out(uint j) { return (j >> 2) * (TILE_N / 2) + 4 * (gl_LocalInvocationID.x >> 3) + (j & 3); }

#define MATRIX_SUMS(bands) float sums[64]; // row by row

#define MATRIX_CLEAR(bands) \
    [[unroll]] for (uint s = 0; s < 64; s++) sums[s] = 0;

// Two elements at a time.
#define MATRIX_MULTIPLY(bands) \
    for (uint q = 0; q < 8; q++) \
        for (uint c = 0; c < 4; c++) { \
            vec2 w[8]; \
            [[unroll]] for (uint j = 0; j < 8; j++) w[j] = unpackHalf2x16(w_tile[sum_out(j) * PITCH + q][c]); \
            [[unroll]] for (uint i = 0; i < 8; i++) { \
                const vec2 a = unpackHalf2x16(x_tile[(sum_row() + i) * PITCH + q][c]); \
                [[unroll]] for (uint j = 0; j < 8; j++) sums[8 * i + j] = fma(a.y, w[j].y, fma(a.x, w[j].x, sums[8 * i + j])); \
            } \
        }

#define MATRIX_EMIT(bands, b) \
    if (sum_row() / 16 == b) \
        [[unroll]] for (uint i = 0; i < 8; i++) \
            [[unroll]] for (uint j = 0; j < 8; j += 4) \
                w_tile[(sum_row() % 16 + i) * OUT_PITCH + sum_out(j) / 4] = \
                    floatBitsToUint(vec4(sums[8 * i + j], sums[8 * i + j + 1], sums[8 * i + j + 2], sums[8 * i + j + 3]));
