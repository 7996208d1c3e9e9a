#version 460
#extension GL_GOOGLE_include_directive : require
// rms_norm and expert_matmul_swiglu in one for few rows, by matrix units whose
// operands are put together in registers.
//
//   y[p][o] = silu(gate[e(p)][o] . h[p / share]) * (up[e(p)][o] . h[p / share])
//   for every place p,  h[r] = norm * x[r] / sqrt(mean(x[r]^2) + eps)
//
// gate, up {k, n, experts} of the kernel's type, x {k, rows}, norm {k} F32, groups as
// expert_group leaves it, y {n, top_k, R} F16, bounded by the largest half. The workgroups share out all sixteens
// of outputs of all tiles evenly; of each, a subgroup multiplies 256 elements of k.
//
// op: expert_norm_swiglu
// types: Q4_K Q5_K Q6_K
// tile: 1 all 1
// most: 1 a processor
// local: 8 subgroups
// spec: k
// needs: gpu shared48 warps8 coopmat subgroup32 float16 fragments
// rows: 2 64
// when: k%256 k<=2048
// halves: y
// precision: f16
// sync: counter
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
#include "silu.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FRAGMENT_WARPS = 8, MATRICES = 2, SUMS_TURNS = 2;

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t gate; uint64_t up; ActU groups; uint64_t y;
    uint k; uint n; uint tiles; uint share; float eps;
};
layout(buffer_reference, scalar, buffer_reference_align = 2) coherent writeonly buffer PutF16 { float16_t v[]; };
#include "sync_main.glsl"
#include "groups.glsl"
#include "fragment_load.glsl"
#include "fragment_take.glsl"
#include "fragment_sums.glsl"

Tile tile;
uint r0; // the pass' first row

uint place(uint r) { return place_at(tile.first + r0 + r); }
uint64_t fragment_from(uint r) { return at(x, place(r) / share, K); }
vec4 fragment_norm(uint quad) { return F32x4(norm).v[quad]; }

// outputs computes sixteens first .. end - 1 of the outputs of up to eight places.
// Its weights are loaded as soon as those before are multiplied.
void outputs(uint first, uint end, uint rows) {
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    const uint block = min(gl_SubgroupID, FRAGMENT_BLOCKS - 1), t = fragment_t();
    const bool has = gl_SubgroupID < FRAGMENT_BLOCKS;
    const uint64_t gates = pair_base(gate, tile.expert, n), ups = pair_base(up, tile.expert, n);
    uvec2 lie = pair_rows(16 * first, n - 1);
    Pair g = pair_load(gates, lie, block), p = pair_load(ups, lie, block);
    uvec4 v[8];
    vec2 unscale;
    if (has) fragment_take(rows, gl_SubgroupID, v, unscale);
    sync_group();
    const uint r = gl_LocalInvocationID.x / 16, o = gl_LocalInvocationID.x % 16;
    const bool stores = r < rows;
    const float factor = stores ? fragment_factor(r, eps) : 0;
    const uint64_t to = stores ? y + uint64_t(place(r)) * n * 2 : 0;
    [[dont_unroll]] for (uint i = first; i < end; i++) {
        const uint turn = i & 1;
        lie = pair_rows(16 * min(i + 1, end - 1), n - 1);
        if (has) {
            FRAGMENT_SUMS gate_sums = FRAGMENT_SUMS(0.0), up_sums = FRAGMENT_SUMS(0.0);
            FRAGMENT_BLOCK(gate_sums, g.low, g.high, t, bits, v)
            g = pair_load(gates, lie, block);
            FRAGMENT_BLOCK(up_sums, p.low, p.high, t, bits, v)
            p = pair_load(ups, lie, block);
            SUMS_PUT(turn, 0, gate_sums, unscale)
            SUMS_PUT(turn, 1, up_sums, unscale)
        }
        sync_group();
        if (stores && 16 * i + o < n) {
            const float a = silu(factor * sums_of(turn, 0, r, o)) * (factor * sums_of(turn, 1, r, o));
            PutF16(to).v[16 * i + o] = float16_t(clamp(a, -65504.0, 65504.0));
        }
    }
    sync_group();
}

void main() {
    sync_wait();
    const uint across = (n + 15) / 16, all = groups.v[0] * across;
    uint at_unit = uint(uint64_t(gl_WorkGroupID.x) * all / gl_NumWorkGroups.x);
    const uint end = uint(uint64_t(gl_WorkGroupID.x + 1) * all / gl_NumWorkGroups.x);
    while (at_unit < end) {
        const uint first = at_unit % across, last = min(across, first + end - at_unit);
        tile = tile_at(at_unit / across);
        for (r0 = 0; r0 < tile.count; r0 += 8) outputs(first, last, min(8, tile.count - r0));
        at_unit += last - first;
    }
    sync_done();
}
