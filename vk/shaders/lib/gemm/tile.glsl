// Products of a tile of up to ROWS rows of activations with TILE_N weight rows, as
// halves in shared memory with float sums. SPLIT_K teams of THREADS invocations
// take turns along k and have tiles of their own; what is multiplied next is
// loaded while the 64 elements at hand are. Included after
// weight.glsl, f16.glsl, the push constants and act/tile_f32.glsl or
// act/tile_f16.glsl; then comes gemm/tile_coopmat.glsl or gemm/tile_fma.glsl, which
// multiply, and gemm/tile_run.glsl. TILE_M, TILE_N,
// THREADS and SPLIT_K are macros.
const uint ROWS = TILE_M;
const uint PITCH = 9; // of a row of 64 halves, in sixteen bytes: odd, so that banks differ
const uint SIDES = 2 * TILE_N / THREADS; // of a weight row's unit, for an invocation
const uint OUT_PITCH = TILE_N / 4 + 1; // of a row of sums, likewise

shared uvec4 x_tile[SPLIT_K * ROWS * PITCH];
shared uvec4 w_tile[SPLIT_K * TILE_N * PITCH];
shared uint source[ROWS]; // the row of x that each row of the tile is

uint matrix_team() { return SPLIT_K == 1 ? 0 : gl_LocalInvocationID.x / THREADS; }
uint matrix_lane() { return SPLIT_K == 1 ? gl_LocalInvocationID.x : gl_LocalInvocationID.x % THREADS; }
uint x_base() { return matrix_team() * ROWS * PITCH; }
uint w_base() { return matrix_team() * TILE_N * PITCH; }

// A weight row's unit is brought in two sides, by neighbours, so that they ask
// for the same memory. Of eight invocations the rows are 0, 1, 4 and 5, or 2, 3,
// 6 and 7, whose places lie in different banks.
uint matrix_out(uint i) {
    const uint o = (matrix_lane() + i * THREADS) / 2;
    return (o & ~6u) | (o & 2) << 1 | (o & 4) >> 1;
}
uint matrix_side() { return matrix_lane() % 2; }
uint64_t matrix_weights(uint o); // where the weights of output o of the tile lie

// tile_store keeps a side's four times eight halves.
void tile_store(Raw raw, uint u, uint o) {
    const uint side = matrix_side();
    uvec4 h[4];
    raw_halves(raw, u, side, h);
    const uint to = w_base() + o * PITCH;
    w_tile[to + half_slot(side, 0)] = h[0];
    w_tile[to + half_slot(side, 0) + 1] = h[1];
    w_tile[to + half_slot(side, 1)] = h[2];
    w_tile[to + half_slot(side, 1) + 1] = h[3];
}

// sums4 is four sums of a row, which the multiplication left in w_tile.
vec4 sums4(uint r, uint c) {
    vec4 v = uintBitsToFloat(w_tile[r * OUT_PITCH + c]);
    [[unroll]] for (uint t = 1; t < SPLIT_K; t++) v += uintBitsToFloat(w_tile[t * TILE_N * PITCH + r * OUT_PITCH + c]);
    return v;
}
