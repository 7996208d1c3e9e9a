// Products of sixteen weight rows with up to eight rows of activations by matrix
// units, whose operands are put together in registers: weights go from memory
// through the lane that decodes them into the units and nowhere else: see mma/mma.glsl.
// A lane takes a whole unit of 64 elements of each of its two weight rows, four a
// product. Included after the type's weight.glsl and dot.glsl.
#include "mma/mma.glsl"
#include "core/subgroup_uniform.glsl"
#include "decode/f16_nibbles.glsl"
#include "decode/f16_bits.glsl"
#include "f16_at.glsl"
#include "decode/mma_scale.glsl"
#include "unit_f16.glsl"
const uint SUB = 32;

// Whether a subgroup has a part of k, of MMA_WARPS subgroups and MMA_BLOCKS
// parts, which those that ask define.
#define MMA_HAS (MMA_BLOCKS >= MMA_WARPS || gl_SubgroupID < MMA_BLOCKS)

uint lane_g() { return gl_SubgroupInvocationID >> 2; }
uint lane_t() { return gl_SubgroupInvocationID & 3; }

// MMA_QUADS adds to sums the products of quads i of parts side and side + 2
// of units low and high, of rows g and g + 8, with the same activations of row g,
// first and second, four halves each.
#define MMA_QUADS(sums, low, low_scale, high, high_scale, side, i, bits, first, second) { \
    uvec2 low_[2], high_[2]; \
    unit_halves(low, low_scale, side, i, bits, low_[0], low_[1]); \
    unit_halves(high, high_scale, side, i, bits, high_[0], high_[1]); \
    MMA_ADD_TO(sums, low_[0], high_[0], first) \
    MMA_ADD_TO(sums, low_[1], high_[1], second) \
}
#define MMA_ADD_TO(sums, low, high, acts) { \
    MMA_A a_; \
    MMA_B b_; \
    MMA_WEIGHTS(a_, low, high) \
    MMA_ACTS(b_, acts) \
    MMA_MULTIPLY(sums, a_, b_) \
}
#define MMA_WEIGHTS(m, low, high) { \
    MMA_PAIR(m, 0, low[0]) \
    MMA_PAIR(m, 2, low[1]) \
    MMA_PAIR(m, 4, high[0]) \
    MMA_PAIR(m, 6, high[1]) \
}
#define MMA_ACTS(m, acts) { MMA_PAIR(m, 0, acts[0]) MMA_PAIR(m, 2, acts[1]) }

// MMA_BLOCK adds the products of whole units u with a lane's 64 activations of
// row g, v, eight halves a vector in the order of the unit's parts.
#define MMA_BLOCK(sums, low, high, u, bits, v) { \
    const Scale low_scale_ = unit_scale(low, u, bits), high_scale_ = unit_scale(high, u, bits); \
    [[unroll]] for (uint side_ = 0; side_ < 2; side_++) \
        [[unroll]] for (uint i_ = 0; i_ < 4; i_++) { \
            const uvec2 first_ = uvec2(v[2 * side_ + i_ / 2][2 * (i_ % 2)], v[2 * side_ + i_ / 2][2 * (i_ % 2) + 1]); \
            const uvec2 second_ = uvec2(v[2 * side_ + 4 + i_ / 2][2 * (i_ % 2)], v[2 * side_ + 4 + i_ / 2][2 * (i_ % 2) + 1]); \
            MMA_QUADS(sums, low, low_scale_, high, high_scale_, side_, i_, bits, first_, second_) \
        } \
}

// mma_open decodes units of rows g and g + 8, for products with many rows:
// two products a quad, low's halves, then high's.
void mma_open(Unit low, Unit high, uint u, uint bits, out uvec4 a[16]) {
    const Scale low_scale = unit_scale(low, u, bits), high_scale = unit_scale(high, u, bits);
    [[unroll]] for (uint side = 0; side < 2; side++)
        [[unroll]] for (uint i = 0; i < 4; i++) {
            uvec2 l[2], h[2];
            unit_halves(low, low_scale, side, i, bits, l[0], l[1]);
            unit_halves(high, high_scale, side, i, bits, h[0], h[1]);
            a[8 * side + 2 * i] = uvec4(l[0], h[0]);
            a[8 * side + 2 * i + 1] = uvec4(l[1], h[1]);
        }
}

// MMA_OPENED adds the products of what mma_open made with activations v.
#define MMA_OPENED(sums, a, v) \
    [[unroll]] for (uint i_ = 0; i_ < 8; i_++) { \
        const uint at_ = 2 * (i_ / 4) + i_ % 4 / 2, c_ = 2 * (i_ % 2); \
        const uvec2 first_ = uvec2(v[at_][c_], v[at_][c_ + 1]), second_ = uvec2(v[at_ + 4][c_], v[at_ + 4][c_ + 1]); \
        MMA_ADD_TO(sums, a[2 * i_].xy, a[2 * i_].zw, first_) \
        MMA_ADD_TO(sums, a[2 * i_ + 1].xy, a[2 * i_ + 1].zw, second_) \
    }
