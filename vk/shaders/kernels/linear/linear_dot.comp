#version 460
#extension GL_GOOGLE_include_directive : require
// linear with packed integer dot products, for few rows on a GPU: the weights
// are loaded sixteen bytes at a time, ahead of their use, the activations taken
// as 16-bit fixed point.
//
//   y[r][o] = res[r][o] + sum_i w[o][i] * x[r][i]
//
// w {k, n} of the kernel's type, x {k, R} F32, res {n, R} F32 or absent,
// y {n, R} F32. One workgroup covers 16 outputs of a row, a subgroup one: its
// invocations share out the row's units, two at a time.
//
// op: linear
// tile: 16 1 1
// local: 16 subgroups
// spec: k
// needs: gpu dot warps16
// rows: 1 1
// requires: k%256 k<=8192
// precision: q16 q8
// sync: counter
// early: res
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "core/subgroup_uniform.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint Q16_N = K, TILE = 16, WARPS = 16, SUB = gl_WorkGroupSize.x / WARPS;
#include "quantized.glsl"
#include "act/q16_load.glsl"
#include "decode/scaled32.glsl"
#include "dot_unit.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "gemv/product.glsl"

// Units u and u + SUB of a row, as far as there are.
struct Units { Unit a, b; };

Units load(uint64_t row, uint u) { return Units(unit_load(row, min(u, UNITS - 1)), unit_load(row, min(u + SUB, UNITS - 1))); }

float product(Units t, uint u) {
    float sum = u < UNITS ? unit_dot(t.a, u, u) : 0;
    if (u + SUB < UNITS) sum += unit_dot(t.b, u + SUB, u + SUB);
    return sum;
}

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_SubgroupInvocationID, o = gl_WorkGroupID.x * TILE + gl_SubgroupID;
    const bool wanted = r < subgroup_uniform(step.v[rows_at]);
    const uint64_t row = weight_row(w, min(o, n - 1), K);
    Units units = load(row, lane);
    float plus = 0;
    sync_early();
    if (wanted && res != 0 && lane == 0) plus = Act(at(res, r, n)).v[min(o, n - 1)];
    sync_wait();
    if (wanted) {
        q16_load(at(x, r, K), q16_prefetch(at(x, r, K), 0));
        barrier();
        float sum = product(units, lane);
        for (uint u = lane + 2 * SUB; u - lane < UNITS; u += 2 * SUB) {
            units = load(row, u);
            sum += product(units, u);
        }
        sum = subgroupAdd(sum);
        if (lane == 0 && o < n) PutF32(at(y, r, n)).v[o] = sum + plus;
    }
    sync_done();
}
