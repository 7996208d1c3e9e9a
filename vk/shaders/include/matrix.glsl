// Products of a tile of up to ROWS rows of activations with OUTS weight rows, as
// halves in shared memory with float sums. TEAMS teams of THREADS invocations
// take turns along k and have tiles of their own; what is multiplied next is
// loaded while the 64 elements at hand are. Included after
// weight.glsl, halves.glsl, the push constants and matrix_floats.glsl or
// matrix_halves.glsl; then comes matrix_coop.glsl or matrix_plain.glsl, which
// multiply, and matrix_run.glsl. BANDS, OUTS,
// THREADS and TEAMS are macros.
const uint ROWS = 16 * BANDS;
const uint PITCH = 9; // of a row of 64 halves, in sixteen bytes: odd, so that banks differ
const uint SIDES = 2 * OUTS / THREADS; // of a weight row's unit, for an invocation
const uint OUT_PITCH = OUTS / 4 + 1; // of a row of sums, likewise

shared uvec4 x_tile[TEAMS * ROWS * PITCH];
shared uvec4 w_tile[TEAMS * OUTS * PITCH];
shared uint source[ROWS]; // the row of x that each row of the tile is

uint matrix_team() { return TEAMS == 1 ? 0 : gl_LocalInvocationID.x / THREADS; }
uint matrix_lane() { return TEAMS == 1 ? gl_LocalInvocationID.x : gl_LocalInvocationID.x % THREADS; }
uint x_base() { return matrix_team() * ROWS * PITCH; }
uint w_base() { return matrix_team() * OUTS * PITCH; }

// A weight row's unit is brought in two sides, by one invocation or by two.
uint matrix_out() { return matrix_lane() % OUTS; }
uint matrix_side(uint i) { return matrix_lane() / OUTS + i; }

// matrix_put keeps a side's four times eight halves.
void matrix_put(Raw raw, uint u, uint side) {
    uvec4 h[4];
    raw_halves(raw, u, side, h);
    const uint to = w_base() + matrix_out() * PITCH;
    w_tile[to + half_slot(side, 0)] = h[0];
    w_tile[to + half_slot(side, 0) + 1] = h[1];
    w_tile[to + half_slot(side, 1)] = h[2];
    w_tile[to + half_slot(side, 1) + 1] = h[3];
}

// sums4 is four sums of a row, which the multiplication left in w_tile.
vec4 sums4(uint r, uint c) {
    vec4 v = uintBitsToFloat(w_tile[r * OUT_PITCH + c]);
    [[unroll]] for (uint t = 1; t < TEAMS; t++) v += uintBitsToFloat(w_tile[t * OUTS * PITCH + r * OUT_PITCH + c]);
    return v;
}
