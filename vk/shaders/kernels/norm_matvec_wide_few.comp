#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and matvec in one, with packed integer dot products, for few rows and
// many outputs: workgroups walk along the outputs, so that eight rows are brought
// into shared memory no more often than there are workgroups at a time.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 128 outputs of eight rows at a time.
//
// op: norm_matvec
// types: Q4_K Q5_K Q6_K
// tile: 128 8 1
// max_workgroups: 2 per_sm
// local: 8 subgroups
// spec: k
// needs: gpu dot shared48 warps8
// rows: 2 15
// when: k%256 k<=2048 n>=16384
// precision: q16 q8
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FEW = 8, FIXED = FEW * K, BESIDE = 2, OUTS = 2, TILE = 128;
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
    const uint r0 = gl_WorkGroupID.y * FEW, active_rows = step.v[rows_at];
    Units next = few_load(gl_WorkGroupID.x * TILE);
    sync_wait();
    if (r0 < active_rows) {
        const uint rows = min(FEW, active_rows - r0);
        few_take(rows, norm);
        sync_group();
        for (uint first = gl_WorkGroupID.x * TILE; first < n; first += gl_NumWorkGroups.x * TILE) {
            const uint end = min(n, first + TILE);
            few_walk(first, end, rows, next);
            next = few_load(first + gl_NumWorkGroups.x * TILE);
            sync_group();
            for (uint i = gl_LocalInvocationID.x; i < rows * TILE; i += gl_WorkGroupSize.x) {
                const uint r = i / TILE, o = first + i % TILE;
                if (o < end) PutF32(at(y, r0 + r, n)).v[o] = few_factor(r, eps) * few_result(r, o - first);
            }
            sync_group();
        }
    }
    sync_done();
}
