// matrix_rows as a function for each number of bands that a tile may have.

#ifndef AHEAD
#define AHEAD 2
#endif
#include "named.glsl"

#ifdef X_FLOATS
#include "matrix_scales.glsl"
#endif

// Without matrix units a tile is always whole.
#ifdef MATRIX_UNITS
#define MATRIX_FEW (DOWN == 1)
#define MATRIX_SOME (DOWN <= 2 && BANDS >= 2)
#else
#define MATRIX_FEW 0
#define MATRIX_SOME 0
#endif
#if MATRIX_FEW
#define NB 1
#include "matrix_rows.glsl"
#undef NB
#endif
#if MATRIX_SOME
#define NB 2
#include "matrix_rows.glsl"
#undef NB
#endif
#if MATRIX_FEW && BANDS >= 4
#define NB 3
#include "matrix_rows.glsl"
#undef NB
#endif
#if BANDS >= 4
#define NB 4
#include "matrix_rows.glsl"
#undef NB
#endif
#if BANDS >= 8
#define NB 8
#include "matrix_rows.glsl"
#undef NB
#endif

// matrix_tile gives the products of the tile's rows to matrix_out4, in no more
// bands than they need. source is set and a barrier was passed.
void matrix_tile(uint64_t x, uint k, uint rows) {
#if MATRIX_FEW
    if (BANDS == 1 || rows <= 16) {
        matrix_rows1(x, k, rows);
        return;
    }
#endif
#if MATRIX_SOME
    if (BANDS == 2 || rows <= 32) {
        matrix_rows2(x, k, rows);
        return;
    }
#endif
#if MATRIX_FEW && BANDS >= 4
    if (rows <= 48) {
        matrix_rows3(x, k, rows);
        return;
    }
#endif
#if BANDS >= 8
    if (rows > 64) {
        matrix_rows8(x, k, rows);
        return;
    }
#endif
#if BANDS >= 4
    matrix_rows4(x, k, rows);
#endif
}
