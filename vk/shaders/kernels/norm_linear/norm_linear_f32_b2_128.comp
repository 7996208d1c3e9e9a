#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and linear in one for float weights and more rows than norm_linear_f32
// is for: each workgroup normalizes the row for itself and computes few outputs.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n}, x {k, R}, norm {k}, y {n, R}, all F32. One workgroup covers 16 outputs
// of a row.
//
// op: norm_linear
// types: F32
// tile: 16 1 1
// local: 8 subgroups
// spec: k
// needs: gpu warps8
// rows: 2 128
// requires: k%4 k<=4096 n<=512
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
layout(constant_id = 1) const uint K = 4;

#include "push.glsl"
#include "sync/sync_main.glsl"

const uint TILE = 16, WARPS = 8, QUADS = K / 4, PREFETCH = 4;
shared vec4 row[QUADS]; // times norm
shared float squares[WARPS];

// Some of a row of weights, loaded ahead.
struct Run { vec4 v[PREFETCH]; };

Run run_load(uint o, uint i0) {
    F32x4 wv = F32x4(w + uint64_t(min(o, n - 1)) * K * 4);
    Run b;
    [[unroll]] for (uint j = 0; j < PREFETCH; j++) b.v[j] = wv.v[min(i0 + j * gl_SubgroupSize, QUADS - 1)];
    return b;
}

// product is a subgroup's product with row o of the weights, whose first run is
// loaded; next is left with that of the row after.
float product(uint o, inout Run next) {
    float sum = 0;
    for (uint i0 = gl_SubgroupInvocationID; i0 < QUADS; i0 += PREFETCH * gl_SubgroupSize) {
        const Run now = next;
        const uint more = i0 + PREFETCH * gl_SubgroupSize;
        next = more < QUADS ? run_load(o, more) : run_load(o + WARPS, gl_SubgroupInvocationID);
        [[unroll]] for (uint j = 0; j < PREFETCH; j++)
            if (i0 + j * gl_SubgroupSize < QUADS) sum += dot(row[i0 + j * gl_SubgroupSize], now.v[j]);
    }
    return subgroupAdd(sum);
}

void main() {
    const uint r = gl_WorkGroupID.y;
    const bool is_row = r < step.v[rows_at];
    const uint first = gl_WorkGroupID.x * TILE, end = min(n, first + TILE);
    Run next = run_load(first + gl_SubgroupID, gl_SubgroupInvocationID);
    sync_wait();
    if (is_row) {
        float sum = 0;
        for (uint i = gl_LocalInvocationID.x; i < QUADS; i += gl_WorkGroupSize.x) {
            const vec4 a = Act4(at(x, r, K)).v[i];
            row[i] = a * F32x4(norm).v[i];
            sum += dot(a, a);
        }
        sum = subgroupAdd(sum);
        if (gl_SubgroupInvocationID == 0) squares[gl_SubgroupID] = sum;
        sync_group();
        sum = 0;
        for (uint i = 0; i < WARPS; i++) sum += squares[i];
        const float factor = 1.0 / sqrt(sum / float(K) + eps);
        for (uint o = first + gl_SubgroupID; o < end; o += WARPS) {
            const float v = factor * product(o, next);
            if (gl_SubgroupInvocationID == 0) PutF32(at(y, r, n)).v[o] = v;
        }
    }
    sync_done();
}
