#version 460
#extension GL_GOOGLE_include_directive : require
// The gated first half of the experts, with the few rows that chose them, with
// packed integer dot products.
//
//   y[p][o] = silu(gate[e(p)][o] . x[p / share]) * (up[e(p)][o] . x[p / share])
//   for every place p
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 48 outputs
// of one tile of places, a few of them at a time, whose weights it loads before it
// has them.
//
// op: expert_matmul_swiglu
// types: Q4_K Q5_K Q6_K
// tile: 48 1 1
// local: 8 subgroups
// spec: k
// needs: gpu dot shared48 warps8
// rows: 2 64
// when: k%256 k<=2048
// precision: q16 q8
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FEW = 6, FIXED = FEW * K, BESIDE = 2, OUTS = 1, TILE = 48;
#include "fixed.glsl"
#include "dot_few.glsl"
#include "rows_few.glsl"
#include "few_take.glsl"
#include "product.glsl"
#include "silu.glsl"

#define PUSH_groups ActU
#include "push.glsl"
#include "sync_main.glsl"
#include "groups.glsl"

Tile tile;
uint r0; // the pass' first row

uint64_t few_row(uint o, uint b) { return weight_row(b == 0 ? gate : up, uint64_t(tile.expert) * n + min(o, n - 1), K); }

uint place(uint r) { return place_at(tile.first + r0 + r); }
uint64_t few_from(uint r) { return at(x, place(r) / share, K); }

// outputs computes first .. end - 1 of all places of the tile.
void outputs(uint first, uint end) {
    for (r0 = 0; r0 < tile.count; r0 += FEW) {
        const uint rows = min(FEW, tile.count - r0);
        const Units next = few_load(first);
        sync_group();
        few_take(rows);
        sync_group();
        few_walk(first, end, rows, next);
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < rows * TILE; i += gl_WorkGroupSize.x) {
            const uint r = i / TILE, o = i % TILE;
            if (first + o < end) PutF32(at(y, place(r), n)).v[first + o] = silu(few_result(r, 2 * o)) * few_result(r, 2 * o + 1);
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
