// The multiplication of matrix.glsl's tiles by matrix units, 16 by 16 by 16. A
// subgroup of 32 has all rows by 32 outputs, 16 in each half of the outputs.
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
// What names a matrix of an array is a macro and no function: its index must be a
// constant, or the matrices leave the registers.
#define HALVES(use) coopmat<float16_t, gl_ScopeSubgroup, 16, 16, use>
#define SUMS coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>
SUMS sums[2 * BANDS];

void matrix_clear() {
    [[unroll]] for (uint i = 0; i < 2 * BANDS; i++) sums[i] = SUMS(0.0);
}

// LOAD_WEIGHTS takes sixteen elements of the subgroup's outputs.
#define LOAD_WEIGHTS(q) \
    HALVES(gl_MatrixUseB) a, b; \
    coopMatLoad(a, w_tile, 16 * gl_SubgroupID * PITCH + 2 * q, PITCH, gl_CooperativeMatrixLayoutColumnMajor); \
    coopMatLoad(b, w_tile, (16 * gl_SubgroupID + MATRIX_OUTS / 2) * PITCH + 2 * q, PITCH, gl_CooperativeMatrixLayoutColumnMajor);

// MULTIPLY_BAND adds sixteen elements' products of a band.
#define MULTIPLY_BAND(i, q) { \
    HALVES(gl_MatrixUseA) x; \
    coopMatLoad(x, x_tile, 16 * i * PITCH + 2 * q, PITCH, gl_CooperativeMatrixLayoutRowMajor); \
    sums[2 * i] = coopMatMulAdd(x, a, sums[2 * i]); \
    sums[2 * i + 1] = coopMatMulAdd(x, b, sums[2 * i + 1]); }

void matrix_multiply(uint bands) {
    if (bands == BANDS) {
        [[unroll]] for (uint q = 0; q < 4; q++) {
            LOAD_WEIGHTS(q)
            [[unroll]] for (uint i = 0; i < BANDS; i++) MULTIPLY_BAND(i, q)
        }
    } else {
        [[unroll]] for (uint q = 0; q < 4; q++) {
            LOAD_WEIGHTS(q)
            [[unroll]] for (uint i = 0; i < BANDS - 1; i++)
                if (i < bands) MULTIPLY_BAND(i, q)
        }
    }
}

// given is an element of sixteen by sixteen values in shared memory.
float given(uint first, uint r, uint c) { return uintBitsToFloat(w_tile[first + 4 * r + (c >> 2)][c & 3]); }

// GIVE puts a band's sums, two times sixteen by sixteen, into the subgroup's part
// of w_tile.
#define GIVE(i) \
    subgroupBarrier(); \
    coopMatStore(sums[2 * i], w_tile, from, 4, gl_CooperativeMatrixLayoutRowMajor); \
    coopMatStore(sums[2 * i + 1], w_tile, from + 64, 4, gl_CooperativeMatrixLayoutRowMajor); \
    subgroupBarrier();

// matrix_each gives each product to put(row, out, value).
void matrix_each(uint rows) {
    const uint c = gl_SubgroupInvocationID & 15, second = gl_SubgroupInvocationID >> 4, from = 128 * gl_SubgroupID;
    [[unroll]] for (uint i = 0; i < BANDS; i++) {
        if (16 * i >= rows) continue;
        GIVE(i)
        for (uint r = 0; r < min(16, rows - 16 * i); r++)
            put(16 * i + r, second * (MATRIX_OUTS / 2) + 16 * gl_SubgroupID + c, given(from + 64 * second, r, c) / x_scale[16 * i + r]);
    }
}

// matrix_gated gives silu(a) * b to put for the pairs of the outputs' halves.
void matrix_gated(uint rows) {
    const uint c = gl_SubgroupInvocationID & 15, from = 128 * gl_SubgroupID;
    [[unroll]] for (uint i = 0; i < BANDS; i++) {
        if (16 * i >= rows) continue;
        GIVE(i)
        for (uint r = gl_SubgroupInvocationID >> 4; r < min(16, rows - 16 * i); r += 2) {
            const float unscale = 1.0 / x_scale[16 * i + r];
            put(16 * i + r, 16 * gl_SubgroupID + c, silu(given(from, r, c) * unscale) * given(from + 64, r, c) * unscale);
        }
    }
}
