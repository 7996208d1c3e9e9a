#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the few rows that chose them, with packed integer
// dot products.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every assignment p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// moe_sort leaves it, y {n, top_k, R} F32. One workgroup covers 256 outputs
// of one tile of assignments, three of them at a time, whose weights it loads before it
// has them.
//
// op: grouped_gemm
// tile: 256 1 1
// local: 8 subgroups
// spec: k
// needs: gpu dot shared48 warps8
// rows: 2 64
// requires: k%256 k<=2048
// precision: q16 q8
// sync: counter
// early: groups
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint BATCH = 3, Q16_N = BATCH * K, BESIDE = 2, TILE_N = 2, TILE = 256;
#include "quantized.glsl"
#include "dot_rows.glsl"
#include "gemv/rows_batch.glsl"
#include "act/rows_load.glsl"
#include "gemv/product.glsl"

#define PUSH_groups ActU
#include "push.glsl"
#include "sync/sync_main.glsl"
#include "moe/groups.glsl"

Tile tile;
uint r0; // the pass' first row

uint64_t rows_row(uint o, uint b) { return weight_row(w, uint64_t(tile.expert) * n + min(o + b, n - 1), K); }

uint assignment(uint r) { return assignment_at(tile.first + r0 + r); }
uint64_t rows_from(uint r) { return at(x, assignment(r) / share, K); }

// outputs computes first .. end - 1 of all assignments of the tile, next being the
// first weights.
void outputs(uint first, uint end, Units next) {
    for (r0 = 0; r0 < tile.count; r0 += BATCH) {
        const uint rows = min(BATCH, tile.count - r0);
        sync_group();
        rows_load(rows);
        sync_group();
        rows_walk(first, end, rows, next);
        if (r0 + BATCH < tile.count) next = rows_fetch(first);
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < rows * TILE; i += gl_WorkGroupSize.x) {
            const uint r = i / TILE, o = i % TILE;
            if (first + o < end) PutF32(at(y, assignment(r), n)).v[first + o] = rows_result(r, o);
        }
    }
}

void main() {
    const uint first = gl_WorkGroupID.x * TILE;
    sync_early();
    const bool in_use = tile_in_use(gl_WorkGroupID.y);
    Units next;
    if (in_use) {
        tile = tile_at(gl_WorkGroupID.y);
        next = rows_fetch(first);
    }
    sync_wait();
    if (in_use) outputs(first, min(n, first + TILE), next);
    sync_done();
}
