#version 460
#extension GL_GOOGLE_include_directive : require
// linear for many rows and few outputs in float32, for GPUs, such as a router:
// small tiles and eight teams along k, so that enough is under way, and four
// rows by four outputs an invocation, so that shared memory is read seldom.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 32 outputs of 16 rows. The order of a sum depends on k alone.
//
// op: linear
// types: F32 F16 BF16
// tile: 32 16 1
// local: 256 exact
// spec:
// needs: gpu
// rows: 16 0
// requires: k%128 n<=512
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"

#include "push.glsl"

const uint SPLIT_K = 8, ROWS = 16, TILE_N = 32, PITCH = 5; // of sixteen floats, in vectors: odd, so that banks differ
const uint W_AT = ROWS * PITCH, TEAM = (ROWS + TILE_N) * PITCH;
shared vec4 tile[SPLIT_K * TEAM]; // a team's x, then its w; at the end the teams' sums
vec4 next_w[4], next_x[2];

uint base() { return gl_LocalInvocationID.x / 32 * TEAM; }
uint lane() { return gl_LocalInvocationID.x % 32; }

void load(uint i, uint first_out, uint first_row, uint rows) {
    [[unroll]] for (uint j = 0; j < 2; j++) {
        const uint run = lane() + 32 * j; // of eight weights
        decode8(weight_row(w, min(first_out + run / 2, n - 1), k), i + 8 * (run & 1), next_w[2 * j], next_w[2 * j + 1]);
        next_x[j] = F32x4(at(x, min(first_row + run / 4, rows - 1), k)).v[i / 4 + (run & 3)];
    }
}

void store() {
    [[unroll]] for (uint j = 0; j < 2; j++) {
        const uint run = lane() + 32 * j, to = base() + W_AT + run / 2 * PITCH + 2 * (run & 1);
        tile[to] = next_w[2 * j];
        tile[to + 1] = next_w[2 * j + 1];
        tile[base() + run / 4 * PITCH + (run & 3)] = next_x[j];
    }
}

// emit adds up what the teams have.
void emit(uint first_out, uint first_row, uint rows) {
    for (uint i = gl_LocalInvocationID.x; i < ROWS * TILE_N; i += gl_WorkGroupSize.x) {
        const uint r = first_row + i / TILE_N, o = first_out + i % TILE_N;
        float sum = 0;
        [[unroll]] for (uint t = 0; t < SPLIT_K; t++) sum += tile[t * (ROWS * TILE_N / 4) + i / 4][i & 3];
        if (r >= rows || o >= n) continue;
        if (res != 0) sum += F32(at(res, r, n)).v[o];
        OutF32(at(y, r, n)).v[o] = sum;
    }
}

void main() {
    const uint first_row = gl_WorkGroupID.y * ROWS, first_out = gl_WorkGroupID.x * TILE_N, rows = step.v[rows_at];
    if (first_row >= rows) return;
    const uint column = lane() % 8, row = lane() / 8, team = gl_LocalInvocationID.x / 32;
    vec4 sums[16];
    [[unroll]] for (uint s = 0; s < 16; s++) sums[s] = vec4(0);
    load(16 * team, first_out, first_row, rows);
    for (uint i = 16 * team; i < k; i += 16 * SPLIT_K) {
        barrier();
        store();
        barrier();
        if (i + 16 * SPLIT_K < k) load(i + 16 * SPLIT_K, first_out, first_row, rows);
        [[unroll]] for (uint e = 0; e < 4; e++) {
            vec4 b[4];
            [[unroll]] for (uint j = 0; j < 4; j++) b[j] = tile[base() + W_AT + (column + 8 * j) * PITCH + e];
            [[unroll]] for (uint r = 0; r < 4; r++) {
                const vec4 a = tile[base() + (row + 4 * r) * PITCH + e];
                [[unroll]] for (uint j = 0; j < 4; j++) sums[4 * r + j] = fma(a, b[j], sums[4 * r + j]);
            }
        }
    }
    barrier();
    [[unroll]] for (uint s = 0; s < 16; s++) {
        const uint i = team * ROWS * TILE_N + (row + s / 4 * 4) * TILE_N + column + s % 4 * 8;
        tile[i / 4][i & 3] = (sums[s].x + sums[s].y) + (sums[s].z + sums[s].w);
    }
    barrier();
    emit(first_out, first_row, rows);
}
