// Products of a tile of up to ROWS rows of activations with OUTS weight rows, as
// halves in shared memory with float sums, by THREADS invocations. What is
// multiplied next is loaded while the 64 elements at hand are. Included after
// weight.glsl, halves.glsl, the push constants and matrix_floats.glsl or
// matrix_halves.glsl; then comes matrix_coop.glsl or matrix_plain.glsl, which
// multiply, and matrix_run.glsl. BANDS, OUTS and THREADS are macros.
const uint ROWS = 16 * BANDS;
const uint PITCH = 9; // of a row of 64 halves, in sixteen bytes: odd, so that banks differ
const uint SIDES = 2 * OUTS / THREADS; // of a weight row's unit, for an invocation
const uint OUT_PITCH = OUTS / 4 + 1; // of a row of sums, likewise

shared uvec4 x_tile[ROWS * PITCH];
shared uvec4 w_tile[OUTS * PITCH];
shared uint source[ROWS]; // the row of x that each row of the tile is

// A weight row's unit is brought in two sides, by one invocation or by two.
uint matrix_out() { return gl_LocalInvocationID.x % OUTS; }
uint matrix_side(uint i) { return gl_LocalInvocationID.x / OUTS + i; }

// matrix_put keeps a side's four times eight halves.
void matrix_put(Raw raw, uint u, uint side) {
    uvec4 h[4];
    raw_halves(raw, u, side, h);
    const uint to = matrix_out() * PITCH;
    w_tile[to + half_slot(side, 0)] = h[0];
    w_tile[to + half_slot(side, 0) + 1] = h[1];
    w_tile[to + half_slot(side, 1)] = h[2];
    w_tile[to + half_slot(side, 1) + 1] = h[3];
}

// sums4 is four sums of a row, which the multiplication left in w_tile.
vec4 sums4(uint r, uint c) { return uintBitsToFloat(w_tile[r * OUT_PITCH + c]); }
