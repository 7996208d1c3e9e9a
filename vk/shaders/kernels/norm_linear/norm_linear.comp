#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and linear in one, with packed integer dot products, for few rows on
// a GPU: every workgroup normalizes the row for itself.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 32 outputs of a row, a subgroup two: its invocations share out
// the rows' units. The first ones are loaded before x is there.
//
// op: norm_linear
// tile: 32 1 1
// local: 16 subgroups
// spec: k
// needs: gpu dot warps16
// rows: 1 1
// requires: k%256 k<=8192
// precision: q16 q8
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "core/subgroup_uniform.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint Q16_N = K, TILE = 32, WARPS = 16, SUB = gl_WorkGroupSize.x / WARPS;
#include "quantized.glsl"
#include "decode/scaled32.glsl"
#include "dot_unit.glsl"
#include "gemv/rows_dot.glsl"
#include "act/norm_load.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "gemv/product.glsl"

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_SubgroupInvocationID, o = gl_WorkGroupID.x * TILE + gl_SubgroupID;
    const uint64_t a = weight_row(w, min(o, n - 1), K), b = weight_row(w, min(o + WARPS, n - 1), K);
    const float norm_first = norm_prefetch(norm);
    Pair units = pair_load(a, b, lane);
    sync_wait();
    if (r < subgroup_uniform(step.v[rows_at])) {
        norm_load(at(x, r, K), norm, row_prefetch(at(x, r, K)), norm_first);
        barrier();
        vec2 sum = pair_dot(units, lane);
        for (uint u = lane + SUB; u - lane < UNITS; u += SUB) sum += pair_dot(pair_load(a, b, u), u);
        sum = norm_factor(eps) * subgroupAdd(sum);
        const uint mine = o + lane * WARPS;
        if (lane < 2 && mine < n) PutF32(at(y, r, n)).v[mine] = lane == 0 ? sum.x : sum.y;
    }
    sync_done();
}
