#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and matvec in one for few rows, by matrix units whose operands are put together in
// registers.
//
//   y[r][o] = sum_i w[o][i] * norm[i] * x[r][i] / sqrt(mean(x[r]^2) + eps)
//
// w {k, n} of the kernel's type, x {k, R} F32, norm {k} F32, y {n, R} F32. One
// workgroup covers 16 outputs of eight rows, each of its subgroups every eighth 256
// elements of k.
//
// op: norm_matvec
// types: Q4_K Q5_K Q6_K
// tile: 16 8 1
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 fragments
// rows: 2 15
// when: k%256 n<=8192
// precision: f16
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
#include "product.glsl"
layout(constant_id = 1) const uint K = 256;
const uint MATRICES = 1;

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t w; uint64_t y;
    uint k; uint n; uint count; float eps;
};
#include "sync_main.glsl"
#include "fragment_take.glsl"
#include "fragment_sums.glsl"

uint64_t fragment_from(uint r) { return at(x, gl_WorkGroupID.y * 8 + r, K); }
vec4 fragment_norm(uint quad) { return F32x4(norm).v[quad]; }

Unit load(uint o, uint block) { return unit_load(weight_row(w, min(o + fragment_g(), n - 1), K), 4 * min(block, FRAGMENT_BLOCKS - 1) + fragment_t()); }

void main() {
    const uint first = gl_WorkGroupID.x * 16, r0 = gl_WorkGroupID.y * 8, active_rows = step.v[count];
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    Unit next_low = load(first, gl_SubgroupID), next_high = load(first + 8, gl_SubgroupID);
    sync_wait();
    if (r0 < active_rows) {
        const uint rows = min(8, active_rows - r0);
        vec4 sum = vec4(0);
        for (uint b = gl_SubgroupID; b < FRAGMENT_BLOCKS; b += FRAGMENT_WARPS) {
            uvec4 v[8];
            vec2 unscale;
            fragment_take(rows, b, v, unscale);
            const Unit low = next_low, high = next_high;
            if (b + FRAGMENT_WARPS < FRAGMENT_BLOCKS) {
                next_low = load(first, b + FRAGMENT_WARPS);
                next_high = load(first + 8, b + FRAGMENT_WARPS);
            }
            FRAGMENT_SUMS c = FRAGMENT_SUMS(0.0);
            FRAGMENT_BLOCK(c, low, high, 4 * b + fragment_t(), bits, v)
            sum += vec4(c[0], c[1], c[2], c[3]) * unscale.xyxy;
        }
        SUMS_PUT(0, 0, sum, vec2(1))
        sync_group();
        const uint r = gl_LocalInvocationID.x / 16, o = gl_LocalInvocationID.x % 16;
        if (r < rows && first + o < n) PutF32(at(y, r0 + r, n)).v[first + o] = sums_of(0, 0, r, o) * fragment_factor(r, eps);
    }
    sync_done();
}
