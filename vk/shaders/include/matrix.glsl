// Products of a tile of up to MATRIX_ROWS rows of activations with MATRIX_OUTS
// weight rows, one an invocation, as halves in shared memory with float sums.
// What is multiplied next is loaded while the units at hand are. Included after
// weight.glsl, halves.glsl and the push constants; then comes matrix_coop.glsl
// or matrix_plain.glsl, which multiply.
//
// Halves end at 65504. Where a float activation is beyond, which is rare, the tile
// is done again with each row scaled by a power of two.
// Activations below 2^-14 are rounded to multiples of 2^-24.
const uint MATRIX_ROWS = 64, MATRIX_OUTS = 128, BANDS = MATRIX_ROWS / 16;
const uint PITCH = 9; // of a row of 64 halves, in sixteen bytes: odd, so that banks differ

shared uvec4 x_tile[MATRIX_ROWS * PITCH];
shared uvec4 w_tile[MATRIX_OUTS * PITCH];
shared uint source[MATRIX_ROWS]; // the row of x that each row of the tile is
shared float x_scale[MATRIX_ROWS];
shared uint overflow;

Raw next_w;
// Of the rows, bands of sixteen are brought; of each an invocation brings eight
// elements. Loops have constant bounds and ask in each turn whether it is
// wanted, so that arrays stay in registers.
void matrix_load(uint64_t w_row, uint64_t x, uint k, uint u, uint bands) {
    next_w = raw_load(w_row, u);
    [[unroll]] for (uint i = 0; i < BANDS; i++) {
        const uint run = gl_LocalInvocationID.x + i * MATRIX_OUTS;
        if (i < bands) next_x[i] = x_load(x, source[run >> 3], k, half_at(u, (run & 7) >> 1) + 8 * (run & 1));
    }
}

void matrix_store(uint u, uint bands) {
    uvec4 h[8];
    raw_halves(next_w, u, h);
    [[unroll]] for (uint i = 0; i < 8; i++) w_tile[gl_LocalInvocationID.x * PITCH + i] = h[i];
    [[unroll]] for (uint i = 0; i < BANDS; i++) {
        const uint run = gl_LocalInvocationID.x + i * MATRIX_OUTS;
        if (i < bands) x_tile[(run >> 3) * PITCH + (run & 7)] = x_halves(next_x[i], x_scale[run >> 3]);
    }
}
