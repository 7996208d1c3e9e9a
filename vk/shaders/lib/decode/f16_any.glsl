// Weights as halves, for types without a way of their own: a unit is 64
// elements in their order, decoded as floats; a side is half of them. Included
// after weight.glsl.
#include "decode/f16_nibbles.glsl"
struct Raw { uvec4 h[4]; };

uint half_at(uint u, uint part) { return 64 * u + 16 * part; }
uint half_slot(uint side, uint i) { return 4 * side + 2 * i; }

Raw raw_load(uint64_t row, uint u, uint side) {
    Raw r;
    [[unroll]] for (uint i = 0; i < 4; i++) {
        vec4 lo, hi;
        decode8(row, 64 * u + 32 * side + 8 * i, lo, hi);
        r.h[i] = uvec4(half_pack(lo), half_pack(hi));
    }
    return r;
}

void raw_halves(Raw r, uint u, uint side, out uvec4 h[4]) { h = r.h; }
