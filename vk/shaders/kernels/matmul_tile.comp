#version 460
#extension GL_GOOGLE_include_directive : require
// matvec for many rows in float32, for GPUs: tiles of weights and activations
// in shared memory, the next ones loaded while those at hand are multiplied.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 32 outputs of 16 rows, an invocation four
// outputs of a row. The order of a sum depends on k alone.
//
// op: matvec
// types: F32 F16 BF16 Q8_0 Q4_0 Q4_K Q5_K Q6_K
// tile: 32 16 1
// local: 128 exact
// spec:
// needs: gpu
// rows: 16 0
// when: k%64
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t w; uint64_t x; uint64_t res; uint64_t y;
    uint k; uint n; uint count;
};

const uint OUTS = 32, TILE_ROWS = 16, PITCH = 17; // of 64 floats, in vectors: odd, so that banks differ
shared vec4 w_tile[OUTS * PITCH];
shared vec4 x_tile[TILE_ROWS * PITCH];
vec4 next_w[4], next_x[2];

void load(uint i, uint first_out, uint first_row, uint rows) {
    const uint lane = gl_LocalInvocationID.x;
    [[unroll]] for (uint j = 0; j < 2; j++) {
        const uint run = lane + 128 * j;
        decode8(weight_row(w, min(first_out + (run >> 3), n - 1), k), i + 8 * (run & 7), next_w[2 * j], next_w[2 * j + 1]);
        next_x[j] = F32x4(at(x, min(first_row + (run >> 4), rows - 1), k)).v[i / 4 + (run & 15)];
    }
}

void store() {
    const uint lane = gl_LocalInvocationID.x;
    [[unroll]] for (uint j = 0; j < 2; j++) {
        const uint run = lane + 128 * j, at_w = (run >> 3) * PITCH + 2 * (run & 7);
        w_tile[at_w] = next_w[2 * j];
        w_tile[at_w + 1] = next_w[2 * j + 1];
        x_tile[(run >> 4) * PITCH + (run & 15)] = next_x[j];
    }
}

void main() {
    const uint first_row = gl_WorkGroupID.y * TILE_ROWS, first_out = gl_WorkGroupID.x * OUTS, rows = step.v[count];
    if (first_row >= rows) return;
    const uint column = gl_LocalInvocationID.x & 7, row = gl_LocalInvocationID.x >> 3;
    vec4 sums[4] = {vec4(0), vec4(0), vec4(0), vec4(0)};
    load(0, first_out, first_row, rows);
    for (uint i = 0; i < k; i += 64) {
        barrier();
        store();
        barrier();
        if (i + 64 < k) load(i + 64, first_out, first_row, rows);
        [[unroll]] for (uint e = 0; e < 16; e++) {
            const vec4 a = x_tile[row * PITCH + e];
            [[unroll]] for (uint j = 0; j < 4; j++) sums[j] = fma(a, w_tile[(column + 8 * j) * PITCH + e], sums[j]);
        }
    }
    if (first_row + row >= rows) return;
    for (uint j = 0; j < 4; j++) {
        const uint o = first_out + column + 8 * j;
        if (o >= n) break;
        const float before = res != 0 ? F32(at(res, first_row + row, n)).v[o] : 0;
        OutF32(at(y, first_row + row, n)).v[o] = (sums[j].x + sums[j].y) + (sums[j].z + sums[j].w) + before;
    }
}
