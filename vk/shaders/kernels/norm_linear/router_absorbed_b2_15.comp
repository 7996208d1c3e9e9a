#version 460
#extension GL_GOOGLE_include_directive : require
// router_absorbed for few rows: a workgroup loads the weights of two outputs once, an
// invocation some of each, and multiplies eight rows at a time. Two, since what all
// workgroups together ask of the rows is what takes the time.
//
//   y[r][e] = sum_i w[e][i] * norm[i] * x[r][i] + sum_j fold[e][j] * a[r][j]
//
// w {k, n}, x {k, R}, norm {k}, a {j, R}, fold {j, n}, y {n, R}, all F32. One
// workgroup two outputs of all rows.
//
// op: router_absorbed
// types: F32
// tile: 2 all 1
// local: 8 subgroups
// spec: k j
// needs: gpu warps8
// rows: 2 15
// requires: k%4 j%4 k<=4096 j<=6144
// sync: counter
// signals: main side
// early: x
#include "core/common.glsl"
#include "sync/sync.glsl"
#include "core/subgroup_uniform.glsl"
layout(constant_id = 1) const uint K = 4;
layout(constant_id = 2) const uint J = 4;
const uint WARPS = 8, ROWS = 8, TILE_N = 2, SUB = gl_WorkGroupSize.x / WARPS;
const uint OWN = (K / 4 + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x, FOLDED = (J / 4 + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
shared float parts[TILE_N * WARPS * ROWS];

#include "push.glsl"
#include "sync/sync_main.glsl"

uint quad_at(uint i, uint quads) { return min(gl_LocalInvocationID.x + i * gl_WorkGroupSize.x, quads - 1); }
bool has_quad(uint i, uint quads) { return gl_LocalInvocationID.x + i * gl_WorkGroupSize.x < quads; }

float sums[TILE_N * ROWS];

// add adds quad i of rows r0 .. r0 + 7 times both outputs' weights; behind the last row it
// comes again.
void add(uint64_t from, uint width, uint i, uint r0, uint rows, vec4 first, vec4 second) {
    vec4 v[ROWS];
    [[unroll]] for (uint r = 0; r < ROWS; r++) v[r] = Act4(at(from, min(r0 + r, rows - 1), width)).v[quad_at(i, width / 4)];
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        sums[r] += dot(v[r], first);
        sums[ROWS + r] += dot(v[r], second);
    }
}

// halve adds up pairs of invocations m apart, of which each keeps half of an output's rows.
void halve(uint rows, uint m) {
    const bool high = (gl_SubgroupInvocationID & m) != 0;
    [[unroll]] for (uint o = 0; o < TILE_N; o++)
        [[unroll]] for (uint r = 0; r < rows / 2; r++) {
            const uint a = o * ROWS + r, b = a + rows / 2;
            const float keep = high ? sums[b] : sums[a], emit = high ? sums[a] : sums[b];
            sums[a] = keep + subgroupShuffleXor(emit, m);
        }
}

void main() {
    const uint o = gl_WorkGroupID.x * TILE_N, lane = gl_SubgroupInvocationID, rows = subgroup_uniform(step.v[STEP_ROWS]);
    vec4 own[TILE_N * OWN], folded[TILE_N * FOLDED];
    [[unroll]] for (uint m = 0; m < TILE_N; m++) {
        const uint out_row = min(o + m, n - 1);
        [[unroll]] for (uint i = 0; i < OWN; i++)
            own[m * OWN + i] = has_quad(i, K / 4) ? F32x4(at(w, out_row, K)).v[quad_at(i, K / 4)] * F32x4(norm).v[quad_at(i, K / 4)] : vec4(0);
        [[unroll]] for (uint i = 0; i < FOLDED; i++)
            folded[m * FOLDED + i] = has_quad(i, J / 4) ? F32x4(at(fold, out_row, J)).v[quad_at(i, J / 4)] : vec4(0);
    }
    sync_early();
    [[dont_unroll]] for (uint r0 = 0; r0 < rows; r0 += ROWS) {
        [[unroll]] for (uint i = 0; i < TILE_N * ROWS; i++) sums[i] = 0;
        [[unroll]] for (uint i = 0; i < OWN; i++) add(x, K, i, r0, rows, own[i], own[OWN + i]);
        if (r0 == 0) sync_wait();
        [[unroll]] for (uint i = 0; i < FOLDED; i++) add(a, J, i, r0, rows, folded[i], folded[FOLDED + i]);
        halve(8, SUB / 2);
        halve(4, SUB / 4);
        halve(2, SUB / 8);
        // An invocation has the row that the three highest bits of its number say.
        [[unroll]] for (uint m = 0; m < TILE_N; m++) {
            float sum = sums[m * ROWS];
            [[unroll]] for (uint b = SUB / 16; b > 0; b /= 2) sum += subgroupShuffleXor(sum, b);
            if (lane % (SUB / 8) == 0) parts[(m * WARPS + gl_SubgroupID) * ROWS + lane / (SUB / 8)] = sum;
        }
        sync_group();
        const uint r = gl_LocalInvocationID.x % ROWS, m = gl_LocalInvocationID.x / ROWS;
        if (m < TILE_N && r < rows - r0 && o + m < n) {
            float sum = 0;
            [[unroll]] for (uint part = 0; part < WARPS; part++) sum += parts[(m * WARPS + part) * ROWS + r];
            PutF32(at(y, r0 + r, n)).v[o + m] = sum;
        }
        sync_group();
    }
    if (rows == 0) sync_wait(); // the report says that all dispatches before are done too
    sync_done_side();
}
