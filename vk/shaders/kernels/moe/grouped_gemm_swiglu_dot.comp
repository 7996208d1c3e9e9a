#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of the experts, with the few rows that chose them, with
// packed integer dot products.
//
//   y[p][o] = silu(gate[e(p)][o] . x[p / share]) * (up[e(p)][o] . x[p / share])
//   for every assignment p
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// moe_sort leaves it, y {n, top_k, R} F32. One workgroup covers 48 outputs
// of one tile of assignments, a few of them at a time, whose weights it loads before it
// has them.
//
// op: grouped_gemm_swiglu
// tile: 48 1 1
// local: 8 subgroups
// spec: k
// needs: gpu dot shared48 warps8
// rows: 2 64
// requires: k%256 k<=2048
// precision: q16 q8
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint BATCH = 6, Q16_N = BATCH * K, BESIDE = 2, TILE_N = 1, TILE = 48;
#include "quantized.glsl"
#include "dot_rows.glsl"
#include "gemv/rows_batch.glsl"
#include "act/rows_load.glsl"
#include "gemv/product.glsl"
#include "moe/silu.glsl"

#define PUSH_groups ActU
#include "push.glsl"
#include "sync/sync_main.glsl"
#include "moe/groups.glsl"

Tile tile;
uint r0; // the pass' first row

uint64_t rows_row(uint o, uint b) { return weight_row(b == 0 ? gate : up, uint64_t(tile.expert) * n + min(o, n - 1), K); }

uint assignment(uint r) { return assignment_at(tile.first + r0 + r); }
uint64_t rows_from(uint r) { return at(x, assignment(r) / share, K); }

// outputs computes first .. end - 1 of all assignments of the tile.
void outputs(uint first, uint end) {
    for (r0 = 0; r0 < tile.count; r0 += BATCH) {
        const uint rows = min(BATCH, tile.count - r0);
        const Units next = rows_fetch(first);
        sync_group();
        rows_load(rows);
        sync_group();
        rows_walk(first, end, rows, next);
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < rows * TILE; i += gl_WorkGroupSize.x) {
            const uint r = i / TILE, o = i % TILE;
            if (first + o < end) PutF32(at(y, assignment(r), n)).v[first + o] = silu(rows_result(r, 2 * o)) * rows_result(r, 2 * o + 1);
        }
    }
}

void main() {
    const uint first = gl_WorkGroupID.x * TILE;
    sync_wait();
    if (tile_in_use(gl_WorkGroupID.y)) {
        tile = tile_at(gl_WorkGroupID.y);
        outputs(first, min(n, first + TILE));
    }
    sync_done();
}
