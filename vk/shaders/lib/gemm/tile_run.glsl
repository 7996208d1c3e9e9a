// matrix_rows as a function for each number of bands that a tile may have.

#ifndef PREFETCH
#define PREFETCH 2
#endif
#include "core/named.glsl"

#ifdef X_FLOATS
#include "gemm/tile_scales.glsl"
#endif

// Without matrix units a tile is always whole.
#ifdef MATRIX_UNITS
#define MATRIX_SMALL (WARPS_M == 1)
#define MATRIX_SOME (WARPS_M <= 2 && TILE_M >= 32)
#else
#define MATRIX_SMALL 0
#define MATRIX_SOME 0
#endif
#if MATRIX_SMALL
#define NB 1
#include "gemm/tile_rows.glsl"
#undef NB
#endif
#if MATRIX_SOME
#define NB 2
#include "gemm/tile_rows.glsl"
#undef NB
#endif
#if MATRIX_SMALL && TILE_M >= 64
#define NB 3
#include "gemm/tile_rows.glsl"
#undef NB
#endif
#if TILE_M >= 64
#define NB 4
#include "gemm/tile_rows.glsl"
#undef NB
#endif
#if TILE_M >= 128
#define NB 8
#include "gemm/tile_rows.glsl"
#undef NB
#endif

// matrix_tile gives the products of the tile's rows to matrix_out4, in no more
// bands than they need. source is set and a barrier was passed.
void matrix_tile(uint64_t x, uint k, uint rows) {
#if MATRIX_SMALL
    if (TILE_M == 16 || rows <= 16) {
        matrix_rows1(x, k, rows);
        return;
    }
#endif
#if MATRIX_SOME
    if (TILE_M == 32 || rows <= 32) {
        matrix_rows2(x, k, rows);
        return;
    }
#endif
#if MATRIX_SMALL && TILE_M >= 64
    if (rows <= 48) {
        matrix_rows3(x, k, rows);
        return;
    }
#endif
#if TILE_M >= 128
    if (rows > 64) {
        matrix_rows8(x, k, rows);
        return;
    }
#endif
#if TILE_M >= 64
    matrix_rows4(x, k, rows);
#endif
}
