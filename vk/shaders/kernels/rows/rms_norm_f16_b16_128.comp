#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm_f16 for some rows on a GPU, each a workgroup's.
//
//   y[r][i] = w[i] * x[r][i] / sqrt(mean(x[r]^2) + eps);  half is y as halves
//
// x, y {n, R} F32, w {n} F32, half {n, R} F16, bounded by the largest half.
//
// op: rms_norm_f16
// types: F32
// tile: all 1 1
// local: 512
// spec: n
// needs: gpu
// rows: 16 128
// requires: n%4 n<=8192
// f16: y_f16
// sync: counter
#include "core/common.glsl"
#include "sync/sync.glsl"
layout(constant_id = 1) const uint N = 4;

#include "push.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 8) coherent writeonly buffer PutHalves { uvec2 v[]; };
#include "sync/sync_main.glsl"
#include "core/reduce.glsl"

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x;
    const bool wanted = r < step.v[rows_at];
    sync_wait();
    float sum = 0;
    if (wanted)
        for (uint i = lane; i < N / 4; i += lanes) {
            const vec4 a = Act4(at(x, r, N)).v[i];
            sum += dot(a, a);
        }
    const float scale = 1.0 / sqrt(group_sum(sum) / float(N) + eps);
    if (wanted)
        for (uint i = lane; i < N / 4; i += lanes) {
            const vec4 v = F32x4(w).v[i] * (Act4(at(x, r, N)).v[i] * scale), c = clamp(v, vec4(-65504.0), vec4(65504.0));
            PutF32x4(at(y, r, N)).v[i] = v;
            PutHalves(y_f16 + uint64_t(r) * N * 2).v[i] = uvec2(packHalf2x16(c.xy), packHalf2x16(c.zw));
        }
    sync_done();
}
