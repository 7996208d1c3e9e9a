#version 460
#extension GL_GOOGLE_include_directive : require
// expert_down with packed integer dot products, for few rows on a GPU.
//
//   y[r][o] = res[r][o] + sum_s weights[r][s] * sum_i w[ids[r][s]][o][i] * h[r][s][i]
//
// w {k, n, experts} of the kernel's type, h {k, top_k, R} F32, ids {top_k, R}
// U32, weights {top_k, R} F32, res {n, R} F32 or absent, y {n, R} F32. One
// workgroup covers 8 outputs of one row, a subgroup one at a time: its
// invocations share out the units of all choices.
//
// op: expert_down
// tile: 8 1 1
// local: 256
// spec: k top_k
// needs: gpu dot
// rows: 1 1
// requires: k%256 k<=1024 top_k<=8
// precision: q16 q8
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint TOP_K = 1;
const uint Q16_N = K * TOP_K, TILE = 8, PREFETCH = 3;
#include "quantized.glsl"
#include "act/q16_load.glsl"
#include "decode/scaled32.glsl"
#include "dot_unit.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "gemv/product.glsl"

shared uint64_t matrix[TOP_K]; // the address of each choice's expert
shared float share[TOP_K];

// load fetches units i, i + subgroup, … of output o, over all choices.
void load(uint o, uint i, out Unit units[PREFETCH]) {
    [[unroll]] for (uint j = 0; j < PREFETCH; j++) {
        const uint u = min(i + j * gl_SubgroupSize, UNITS - 1);
        units[j] = unit_load(weight_row(matrix[u / (K / 64)], o, K), u % (K / 64));
    }
}

float product(Unit units[PREFETCH], uint i) {
    float sum = 0;
    [[unroll]] for (uint j = 0; j < PREFETCH; j++) {
        const uint u = i + j * gl_SubgroupSize;
        if (u < UNITS) sum = fma(share[u / (K / 64)], unit_dot(units[j], u % (K / 64), u), sum);
    }
    return sum;
}

// before is the residual of output o.
float before(uint r, uint o, uint end) { return res != 0 && o < end && gl_SubgroupInvocationID == 0 ? Act(at(res, r, n)).v[o] : 0; }

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_SubgroupInvocationID, end = min(n, (gl_WorkGroupID.x + 1) * TILE);
    uint o = gl_WorkGroupID.x * TILE + gl_SubgroupID;
    sync_wait();
    if (r < step.v[STEP_ROWS]) {
        const Taken first = q16_prefetch(at(h, r, Q16_N), 0);
        for (uint s = gl_LocalInvocationID.x; s < TOP_K; s += gl_WorkGroupSize.x) {
            matrix[s] = weight_row(w, uint64_t(ActU(at(ids, r, TOP_K)).v[s]) * n, K);
            share[s] = Act(at(weights, r, TOP_K)).v[s];
        }
        barrier();
        Unit units[PREFETCH];
        load(min(o, n - 1), lane, units);
        q16_load(at(h, r, Q16_N), first);
        float plus = before(r, o, end);
        barrier();
        for (; o < end; o += gl_NumSubgroups) {
            float sum = product(units, lane);
            for (uint i = PREFETCH * gl_SubgroupSize; i < UNITS; i += PREFETCH * gl_SubgroupSize) {
                load(o, i + lane, units);
                sum += product(units, i + lane);
            }
            if (o + gl_NumSubgroups < end) load(o + gl_NumSubgroups, lane, units);
            sum = subgroupAdd(sum);
            if (lane == 0) PutF32(at(y, r, n)).v[o] = sum + plus;
            plus = before(r, o + gl_NumSubgroups, end);
        }
    }
    sync_done();
}
