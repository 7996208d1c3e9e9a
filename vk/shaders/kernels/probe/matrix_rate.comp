#version 460
#extension GL_GOOGLE_include_directive : require
// What measures the matrix units; it serves no operation. Each subgroup
// multiplies matrices that stay in its registers:
//
//   sums[i][j] = rounds * a[i] * b[j]
//
// ab is sixteen rows of a[0] .. a[3] beside each other and below them sixteen of
// b[0], b[1] and as much of zeros, F16. y {16, 16} F32 for each subgroup is the
// sum of all sums. Eight sums at a time are apart from each other, as many as
// hide how long one product takes.
//
// op: none
// types: F16
// tile: 1 1 1
// local: 256 exact
// spec:
// needs: gpu coopmat subgroup32 float16
#include "core/common.glsl"
#include "core/bits.glsl"
#include "gemm/coopmat.glsl"

const uint AS = 4, BS = 2;
const uint WIDE = 8;       // of a row of ab, in sixteen bytes
const uint SUBGROUPS = 8;  // of a workgroup

shared uvec4 ab_tile[32 * WIDE];
shared uvec4 sum_tile[SUBGROUPS * 64];

layout(push_constant, scalar) uniform Push { U32x4 ab; OutF32 y; uint rounds; };

void main() {
    for (uint i = gl_LocalInvocationID.x; i < 32 * WIDE; i += gl_WorkGroupSize.x) ab_tile[i] = ab.v[i];
    barrier();
    HALVES_A a[AS];
    HALVES_B b[BS];
    SUMS sums[AS * BS];
    [[unroll]] for (uint i = 0; i < AS; i++) LOAD_A(a[i], ab_tile, 2 * i, WIDE, ROWS)
    [[unroll]] for (uint j = 0; j < BS; j++) LOAD_B(b[j], ab_tile, 16 * WIDE + 2 * j, WIDE, ROWS)
    [[unroll]] for (uint s = 0; s < AS * BS; s++) sums[s] = NO_SUMS;
    for (uint r = 0; r < rounds; r++) {
        [[unroll]] for (uint s = 0; s < AS * BS; s++) MULTIPLY(sums[s], a[s % AS], b[s / AS])
    }
    const uint mine = gl_SubgroupID * 64;
    vec4 total[2] = vec4[2](vec4(0), vec4(0));
    [[unroll]] for (uint s = 0; s < AS * BS; s++) {
        STORE_SUMS(sums[s], sum_tile, mine, 4)
        barrier();
        [[unroll]] for (uint i = 0; i < 2; i++)
            total[i] += uintBitsToFloat(sum_tile[mine + gl_SubgroupInvocationID + 32 * i]);
        barrier();
    }
    const uint place = (gl_WorkGroupID.x * SUBGROUPS + gl_SubgroupID) * 256;
    [[unroll]] for (uint i = 0; i < 2; i++)
        [[unroll]] for (uint e = 0; e < 4; e++)
            y.v[place + 4 * (gl_SubgroupInvocationID + 32 * i) + e] = total[i][e];
}
