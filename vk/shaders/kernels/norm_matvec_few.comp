#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and matvec in one, with packed integer dot products, for more rows
// than norm_matvec: a weight is loaded once for four of them.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 32 outputs of four rows.
//
// op: norm_matvec
// types: Q4_K Q5_K Q6_K
// tile: 32 4 1
// local: 8 subgroups
// spec: k
// needs: gpu dot shared48 warps8
// rows: 2 15
// when: k%256 k<=4096
// precision: q16 q8
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FEW = 4, FIXED = FEW * K, BESIDE = 2, OUTS = 2, TILE = 32;
#include "fixed.glsl"
#include "dot_few.glsl"
#include "rows_few.glsl"
#include "few_norm_take.glsl"
#include "product.glsl"

#include "push.glsl"
#include "sync_main.glsl"

uint64_t few_row(uint o, uint b) { return weight_row(w, min(o + b, n - 1), K); }
uint64_t few_from(uint r) { return at(x, gl_WorkGroupID.y * FEW + r, K); }

void main() {
    const uint first = gl_WorkGroupID.x * TILE, end = min(n, first + TILE), r0 = gl_WorkGroupID.y * FEW, active_rows = step.v[rows_at];
    const Units next = few_load(first);
    sync_wait();
    if (r0 < active_rows) {
        const uint rows = min(FEW, active_rows - r0);
        few_take(rows, norm);
        sync_group();
        few_walk(first, end, rows, next);
        sync_group();
        for (uint i = gl_LocalInvocationID.x; i < rows * TILE; i += gl_WorkGroupSize.x) {
            const uint r = i / TILE, o = first + i % TILE;
            if (o >= end) continue;
            PutF32(at(y, r0 + r, n)).v[o] = few_factor(r, eps) * few_result(r, o - first);
        }
    }
    sync_done();
}
