#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and linear in one for float weights, for few rows on a GPU.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n}, x {k, R}, norm {k}, y {n, R}, all F32. One workgroup an output of a
// row.
//
// op: norm_linear
// types: F32
// tile: 1 1 1
// max_workgroups: 1024
// local: 128
// spec:
// needs: gpu
// rows: 1 1
// requires: k%4
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "gemv/product.glsl"

const uint PREFETCH = 4;

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x, quads = k / 4;
    F32x4 nv = F32x4(norm), wv = F32x4(w + uint64_t(gl_WorkGroupID.x) * k * 4);
    vec4 first[PREFETCH]; // norm * weight
    for (uint j = 0; j < PREFETCH; j++) {
        const uint i = min(lane + j * lanes, quads - 1);
        first[j] = nv.v[i] * wv.v[i];
    }
    sync_wait();
    if (r < step.v[rows_at]) {
        Act4 xv = Act4(at(x, r, k));
        for (uint o = gl_WorkGroupID.x; o < n; o += gl_NumWorkGroups.x) {
            wv = F32x4(w + uint64_t(o) * k * 4);
            vec2 sum = vec2(0);
            for (uint j = 0; j < PREFETCH; j++) {
                const uint i = lane + j * lanes;
                if (i >= quads) break;
                const vec4 a = xv.v[i], b = o == gl_WorkGroupID.x ? first[j] : nv.v[i] * wv.v[i];
                sum += vec2(dot(a, b), dot(a, a));
            }
            for (uint i = lane + PREFETCH * lanes; i < quads; i += lanes) {
                const vec4 a = xv.v[i];
                sum += vec2(dot(a, nv.v[i] * wv.v[i]), dot(a, a));
            }
            sum = group_sum2(sum);
            if (lane == 0) PutF32(at(y, r, n)).v[o] = sum.x / sqrt(sum.y / float(k) + eps);
        }
    }
    sync_done();
}
