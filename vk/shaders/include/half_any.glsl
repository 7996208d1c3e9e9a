// Weights as halves, for types without a way of their own: a unit is 64
// elements in their order, decoded as floats. Included after weight.glsl.
#include "half_nibbles.glsl"
struct Raw { uvec4 h[8]; };

uint half_at(uint u, uint part) { return 64 * u + 16 * part; }

Raw raw_load(uint64_t row, uint u) {
    Raw r;
    [[unroll]] for (uint i = 0; i < 8; i++) {
        vec4 lo, hi;
        decode8(row, 64 * u + 8 * i, lo, hi);
        r.h[i] = uvec4(half_pack(lo), half_pack(hi));
    }
    return r;
}

void raw_halves(Raw r, uint u, out uvec4 h[8]) { h = r.h; }
