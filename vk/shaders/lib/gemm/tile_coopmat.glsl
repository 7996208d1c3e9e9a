// The multiplication of gemm/tile.glsl's tiles by matrix units, 16 by 16 by 16.
// WARPS_M subgroups of 32 of a team share out the bands, the others the outputs.
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#define MATRIX_UNITS
#define HALVES(use) coopmat<float16_t, gl_ScopeSubgroup, 16, 16, use>
#define SUMS coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>
const uint SUBGROUP_REDUCE = THREADS / 32 / WARPS_M, COLS = TILE_N / 16 / SUBGROUP_REDUCE;

uint matrix_col(uint j) { return 16 * (gl_SubgroupID % SUBGROUP_REDUCE + SUBGROUP_REDUCE * j); }
uint matrix_down() { return WARPS_M == 1 ? 0 : gl_SubgroupID / SUBGROUP_REDUCE % WARPS_M; }

// These are macros since an array of matrices stays in registers only in the
// function that has it, with indices that unrolling makes constant.
#define MATRIX_SUMS(bands) SUMS sums[bands / WARPS_M * COLS];

#define MATRIX_CLEAR(bands) \
    [[unroll]] for (uint s = 0; s < bands / WARPS_M * COLS; s++) sums[s] = SUMS(0.0);

#define MATRIX_MULTIPLY(bands) \
    [[unroll]] for (uint q = 0; q < 4; q++) { \
        HALVES(gl_MatrixUseB) w[COLS]; \
        [[unroll]] for (uint j = 0; j < COLS; j++) \
            coopMatLoad(w[j], w_tile, w_base() + matrix_col(j) * PITCH + 2 * q, PITCH, gl_CooperativeMatrixLayoutColumnMajor); \
        [[unroll]] for (uint b = 0; b < bands / WARPS_M; b++) { \
            HALVES(gl_MatrixUseA) a; \
            coopMatLoad(a, x_tile, x_base() + 16 * (matrix_down() * (bands / WARPS_M) + b) * PITCH + 2 * q, PITCH, gl_CooperativeMatrixLayoutRowMajor); \
            [[unroll]] for (uint j = 0; j < COLS; j++) sums[b * COLS + j] = coopMatMulAdd(a, w[j], sums[b * COLS + j]); \
        } \
    }

// MATRIX_EMIT puts band b of every share of the bands into w_tile.
#define MATRIX_EMIT(bands, b) \
    [[unroll]] for (uint j = 0; j < COLS; j++) \
        coopMatStore(sums[b * COLS + j], w_tile, w_base() + 16 * matrix_down() * OUT_PITCH + matrix_col(j) / 4, OUT_PITCH, gl_CooperativeMatrixLayoutRowMajor);
