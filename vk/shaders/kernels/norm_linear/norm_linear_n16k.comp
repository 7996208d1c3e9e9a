#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and linear in one, with packed integer dot products, for few rows on
// a GPU: every workgroup normalizes the row for itself.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 16 outputs of a row, two a subgroup at a time. For so many
// outputs that more workgroups than fit a device at once are right.
//
// op: norm_linear
// tile: 16 1 1
// max_workgroups: 1024
// local: 256
// spec: k
// needs: gpu dot
// rows: 1 1
// requires: k%256 k<=8192 n>=16384
// precision: q16 q8
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint Q16_N = K, TILE = 16;
#include "quantized.glsl"
#include "decode/scaled32.glsl"
#include "dot_unit.glsl"
#include "gemv/rows_dot.glsl"
#include "act/norm_load.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "gemv/product.glsl"

vec2 begin(uint r, uint o) { return vec2(0); }

void store(uint r, uint o, vec2 v) {
    PutF32(at(y, r, n)).v[o] = v.x;
    if (o + 1 < n) PutF32(at(y, r, n)).v[o + 1] = v.y;
}

#include "gemv/rows_walk.glsl"

void main() {
    const uint r = gl_WorkGroupID.y;
    const float norm_first = norm_prefetch(norm);
    const Pair first = walk_first(w, n);
    sync_wait();
    if (r < step.v[rows_at]) {
        norm_load(at(x, r, K), norm, row_prefetch(at(x, r, K)), norm_first);
        barrier();
        walk(w, n, r, norm_factor(eps), first);
    }
    sync_done();
}
