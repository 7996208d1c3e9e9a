// Products in float32 of a tile of rows and outputs in shared memory, the next
// tiles loaded while those at hand are multiplied. SPLIT_K teams of invocations
// take turns along k; an invocation has four outputs of a row. TILE_N and SPLIT_K
// are macros.
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"

#include "push.glsl"

const uint TILE_ROWS = 16, THREADS = 4 * TILE_N, PITCH = 17; // of 64 floats, in vectors: odd, so that banks differ
const uint W_RUNS = TILE_N * 8 / THREADS, X_RUNS = TILE_ROWS * 16 / THREADS;
shared vec4 w_tile[SPLIT_K * TILE_N * PITCH];
shared vec4 x_tile[SPLIT_K * TILE_ROWS * PITCH];
vec4 next_w[2 * W_RUNS], next_x[X_RUNS];

uint team() { return gl_LocalInvocationID.x / THREADS; }
uint lane() { return gl_LocalInvocationID.x % THREADS; }

void load(uint i, uint first_out, uint first_row, uint rows) {
    [[unroll]] for (uint j = 0; j < W_RUNS; j++) {
        const uint run = lane() + THREADS * j;
        decode8(weight_row(w, min(first_out + (run >> 3), n - 1), k), i + 8 * (run & 7), next_w[2 * j], next_w[2 * j + 1]);
    }
    [[unroll]] for (uint j = 0; j < X_RUNS; j++) {
        const uint run = lane() + THREADS * j;
        next_x[j] = F32x4(at(x, min(first_row + (run >> 4), rows - 1), k)).v[i / 4 + (run & 15)];
    }
}

void store() {
    [[unroll]] for (uint j = 0; j < W_RUNS; j++) {
        const uint run = lane() + THREADS * j, to = (team() * TILE_N + (run >> 3)) * PITCH + 2 * (run & 7);
        w_tile[to] = next_w[2 * j];
        w_tile[to + 1] = next_w[2 * j + 1];
    }
    [[unroll]] for (uint j = 0; j < X_RUNS; j++) {
        const uint run = lane() + THREADS * j;
        x_tile[(team() * TILE_ROWS + (run >> 4)) * PITCH + (run & 15)] = next_x[j];
    }
}

// together adds up what the teams have, for the first of them.
vec4 together(vec4 sum) {
    if (SPLIT_K == 1) return sum;
    barrier();
    if (team() > 0) x_tile[gl_LocalInvocationID.x] = sum;
    barrier();
    if (team() == 0) [[unroll]] for (uint t = 1; t < SPLIT_K; t++) sum += x_tile[t * THREADS + gl_LocalInvocationID.x];
    return sum;
}

void main() {
    const uint first_row = gl_WorkGroupID.y * TILE_ROWS, first_out = gl_WorkGroupID.x * TILE_N, rows = step.v[rows_at];
    if (first_row >= rows) return;
    const uint column = lane() % (TILE_N / 4), row = lane() / (TILE_N / 4);
    vec4 sums[4] = {vec4(0), vec4(0), vec4(0), vec4(0)};
    load(64 * team(), first_out, first_row, rows);
    for (uint i = 64 * team(); i < k; i += 64 * SPLIT_K) {
        barrier();
        store();
        barrier();
        if (i + 64 * SPLIT_K < k) load(i + 64 * SPLIT_K, first_out, first_row, rows);
        [[unroll]] for (uint e = 0; e < 16; e++) {
            const vec4 a = x_tile[(team() * TILE_ROWS + row) * PITCH + e];
            [[unroll]] for (uint j = 0; j < 4; j++) sums[j] = fma(a, w_tile[(team() * TILE_N + column + TILE_N / 4 * j) * PITCH + e], sums[j]);
        }
    }
    vec4 all;
    [[unroll]] for (uint j = 0; j < 4; j++) all[j] = (sums[j].x + sums[j].y) + (sums[j].z + sums[j].w);
    all = together(all);
    if (team() > 0 || first_row + row >= rows) return;
    [[unroll]] for (uint j = 0; j < 4; j++) {
        const uint o = first_out + column + TILE_N / 4 * j;
        if (o >= n) break;
        const float before = res != 0 ? F32(at(res, first_row + row, n)).v[o] : 0;
        OutF32(at(y, first_row + row, n)).v[o] = all[j] + before;
    }
}
