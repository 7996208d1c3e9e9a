#version 460
#extension GL_GOOGLE_include_directive : require
// linear with packed integer dot products, for more rows than linear_dot: a
// weight is loaded once for four of them.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 32 outputs of four rows.
//
// op: linear
// tile: 32 4 1
// local: 8 subgroups
// spec: k
// needs: gpu dot shared48 warps8
// rows: 2 64
// requires: k%256 k<=4096
// precision: q16 q8
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint BATCH = 4, Q16_N = BATCH * K, BESIDE = 2, TILE_N = 2, TILE = 32;
#include "quantized.glsl"
#include "dot_rows.glsl"
#include "gemv/rows_batch.glsl"
#include "act/rows_load.glsl"
#include "gemv/product.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"

uint64_t rows_row(uint o, uint b) { return weight_row(w, min(o + b, n - 1), K); }
uint64_t rows_from(uint r) { return at(x, gl_WorkGroupID.y * BATCH + r, K); }

void main() {
    const uint first = gl_WorkGroupID.x * TILE, end = min(n, first + TILE), r0 = gl_WorkGroupID.y * BATCH, active_rows = step.v[rows_at];
    const Units next = rows_fetch(first);
    sync_wait();
    if (r0 < active_rows) {
        const uint rows = min(BATCH, active_rows - r0);
        rows_load(rows);
        sync_group();
        rows_walk(first, end, rows, next);
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < rows * TILE; i += gl_WorkGroupSize.x) {
            const uint r = i / TILE, o = first + i % TILE;
            if (o >= end) continue;
            const float before = res != 0 ? Act(at(res, r0 + r, n)).v[o] : 0.0;
            PutF32(at(y, r0 + r, n)).v[o] = rows_result(r, o - first) + before;
        }
    }
    sync_done();
}
