#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and linear in one, with packed integer dot products, for few rows and
// many outputs: workgroups walk along the outputs, so that eight rows are brought
// into shared memory no more often than there are workgroups at a time.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 128 outputs of eight rows at a time.
//
// op: norm_linear
// tile: 128 8 1
// max_workgroups: 2 per_sm
// local: 8 subgroups
// spec: k
// needs: gpu dot shared48 warps8
// rows: 2 15
// requires: k%256 k<=2048 n>=16384
// precision: q16 q8
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint BATCH = 8, Q16_N = BATCH * K, BESIDE = 2, TILE_N = 2, TILE = 128;
#include "quantized.glsl"
#include "dot_rows.glsl"
#include "gemv/rows_batch.glsl"
#include "act/rows_norm_load.glsl"
#include "gemv/product.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"

uint64_t rows_row(uint o, uint b) { return weight_row(w, min(o + b, n - 1), K); }
uint64_t rows_from(uint r) { return at(x, gl_WorkGroupID.y * BATCH + r, K); }

void main() {
    const uint r0 = gl_WorkGroupID.y * BATCH, active_rows = step.v[rows_at];
    Units next = rows_fetch(gl_WorkGroupID.x * TILE);
    sync_wait();
    if (r0 < active_rows) {
        const uint rows = min(BATCH, active_rows - r0);
        rows_load(rows, norm);
        sync_group();
        for (uint first = gl_WorkGroupID.x * TILE; first < n; first += gl_NumWorkGroups.x * TILE) {
            const uint end = min(n, first + TILE);
            rows_walk(first, end, rows, next);
            next = rows_fetch(first + gl_NumWorkGroups.x * TILE);
            sync_group();
            for (uint i = gl_LocalInvocationID.x; i < rows * TILE; i += gl_WorkGroupSize.x) {
                const uint r = i / TILE, o = first + i % TILE;
                if (o < end) PutF32(at(y, r0 + r, n)).v[o] = rows_factor(r, eps) * rows_result(r, o - first);
            }
            sync_group();
        }
    }
    sync_done();
}
