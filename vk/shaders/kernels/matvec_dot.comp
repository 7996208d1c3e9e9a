#version 460
#extension GL_GOOGLE_include_directive : require
// matvec with packed integer dot products, for few rows on a GPU: the weights
// are loaded sixteen bytes at a time, ahead of their use, the activations taken
// as 16-bit fixed point.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 16 outputs of a row, two a subgroup at a
// time.
//
// op: matvec
// types: Q4_K Q5_K Q6_K
// tile: 16 1 1
// most: 256
// local: 256
// spec: k
// needs: gpu dot
// rows: 1 8
// when: k%256 k<=8192
// precision: q16 q8
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FIXED = K, TILE = 16;
#include "fixed.glsl"
#include "fixed_take.glsl"
#include "dot_unit.glsl"
#include "rows_dot.glsl"

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t w; uint64_t x; uint64_t res; uint64_t y;
    uint k; uint n; uint count;
};
#include "sync_main.glsl"
#include "product.glsl"

vec2 begin(uint r, uint o) {
    if (res == 0 || o >= n || gl_SubgroupInvocationID != 0) return vec2(0);
    Act v = Act(at(res, r, n));
    return vec2(v.v[o], v.v[min(o + 1, n - 1)]);
}

void put(uint r, uint o, vec2 v) {
    PutF32(at(y, r, n)).v[o] = v.x;
    if (o + 1 < n) PutF32(at(y, r, n)).v[o + 1] = v.y;
}

#include "rows_walk.glsl"

void main() {
    const uint r = gl_WorkGroupID.y;
    const Steps first = walk_first(w, n);
    sync_wait();
    if (r < step.v[count]) {
        fixed_take(at(x, r, K), fixed_ahead(at(x, r, K), 0));
        barrier();
        walk(w, n, r, 1.0, first);
    }
    sync_done();
}
