#version 460
#extension GL_GOOGLE_include_directive : require
// Products of the experts with the few rows that chose them, with packed integer
// dot products.
//
//   y[p][o] = sum_i w[e(p)][o][i] * x[p / share][i] for every place p
//
// w {k, n, experts} of the kernel's type, x {k, rows} F32, groups as
// expert_group leaves it, y {n, top_k, R} F32. One workgroup covers 256 outputs
// of one tile of places, three of them at a time, whose weights it loads before it
// has them.
//
// op: expert_matmul
// types: Q4_K Q5_K Q6_K
// tile: 256 1 1
// local: 8 subgroups
// spec: k
// needs: gpu dot shared48 warps8
// rows: 2 64
// when: k%256 k<=2048
// precision: q16 q8
// sync: counter
// early: groups
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FEW = 3, FIXED = FEW * K, BESIDE = 2, OUTS = 2, TILE = 256;
#include "fixed.glsl"
#include "dot_few.glsl"
#include "rows_few.glsl"
#include "few_take.glsl"
#include "product.glsl"

#define PUSH_groups ActU
#include "push.glsl"
#include "sync_main.glsl"
#include "groups.glsl"

Tile tile;
uint r0; // the pass' first row

uint64_t few_row(uint o, uint b) { return weight_row(w, uint64_t(tile.expert) * n + min(o + b, n - 1), K); }

uint place(uint r) { return place_at(tile.first + r0 + r); }
uint64_t few_from(uint r) { return at(x, place(r) / share, K); }

// outputs computes first .. end - 1 of all places of the tile, next being the
// first weights.
void outputs(uint first, uint end, Units next) {
    for (r0 = 0; r0 < tile.count; r0 += FEW) {
        const uint rows = min(FEW, tile.count - r0);
        sync_group();
        few_take(rows);
        sync_group();
        few_walk(first, end, rows, next);
        if (r0 + FEW < tile.count) next = few_load(first);
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < rows * TILE; i += gl_WorkGroupSize.x) {
            const uint r = i / TILE, o = i % TILE;
            if (first + o < end) PutF32(at(y, place(r), n)).v[first + o] = few_result(r, o);
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
        next = few_load(first);
    }
    sync_wait();
    if (in_use) outputs(first, min(n, first + TILE), next);
    sync_done();
}
