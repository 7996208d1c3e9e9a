#version 460
#extension GL_GOOGLE_include_directive : require
// The router's logits, without the norm's factor, from what attention read and
// what it gave, so that they need not wait for its output matrix.
//
//   y[r][e] = sum_i w[e][i] * norm[i] * x[r][i] + sum_j fold[e][j] * a[r][j]
//
// w {k, n}, x {k, R}, norm {k}, a {j, R}, fold {j, n}, y {n, R}, all F32. One
// workgroup an output of a row.
//
// op: router_absorbed
// types: F32
// tile: 1 1 1
// local: 256
// spec:
// needs: gpu
// rows: 1 1
// requires: k%4 j%4
// sync: counter
// signals: main side
// early: x
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "weight.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "core/reduce.glsl"

const uint PREFETCH = 4, PREFETCH_X = 2;

void main() {
    const uint r = gl_WorkGroupID.y, o = gl_WorkGroupID.x, lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x;
    const bool wanted = r < step.v[STEP_ROWS];
    F32x4 wv = F32x4(at(w, o, k)), nv = F32x4(norm), fv = F32x4(at(fold, o, j));
    vec4 first[PREFETCH], first_x[PREFETCH_X];
    [[unroll]] for (uint t = 0; t < PREFETCH; t++) first[t] = fv.v[min(lane + t * lanes, j / 4 - 1)];
    [[unroll]] for (uint t = 0; t < PREFETCH_X; t++) {
        const uint i = min(lane + t * lanes, k / 4 - 1);
        first_x[t] = wv.v[i] * nv.v[i];
    }
    sync_early();
    float sum = 0;
    if (wanted) {
        Act4 xv = Act4(at(x, r, k));
        [[unroll]] for (uint t = 0; t < PREFETCH_X; t++)
            if (lane + t * lanes < k / 4) sum += dot(xv.v[lane + t * lanes], first_x[t]);
        for (uint i = lane + PREFETCH_X * lanes; i < k / 4; i += lanes) sum += dot(xv.v[i], wv.v[i] * nv.v[i]);
    }
    sync_wait();
    if (wanted) {
        Act4 av = Act4(at(a, r, j));
        [[unroll]] for (uint t = 0; t < PREFETCH; t++)
            if (lane + t * lanes < j / 4) sum += dot(av.v[lane + t * lanes], first[t]);
        for (uint i = lane + PREFETCH * lanes; i < j / 4; i += lanes) sum += dot(av.v[i], fv.v[i]);
        sum = group_sum(sum);
        if (lane == 0) PutF32(at(y, r, n)).v[o] = sum;
    }
    sync_done_side();
}
