// A unit of Q4_K: the 64 elements of two neighbouring groups, whose nibbles
// share 32 bytes; a side is sixteen of these bytes.
#include "decode/f16_nibbles.glsl"
struct Raw { uvec4 head, q; };

#include "f16_at.glsl"
uint half_slot(uint side, uint i) { return 2 * side + 4 * i; }

Raw raw_load(uint64_t row, uint u, uint side) {
    U32x4 p = U32x4(row + (u >> 2) * WEIGHT_BYTES);
    return Raw(p.v[0], p.v[1 + 2 * (u & 3) + side]);
}

void raw_halves(Raw r, uint u, uint side, out uvec4 h[4]) {
    const vec2 even = scale_min(r.head, 2 * (u & 3)) * vec2(1, -1), odd = scale_min(r.head, 2 * (u & 3) + 1) * vec2(1, -1);
    const float16_t zero = float16_t(1024);
    half_part(r.q & 0x0f0f0f0fu, zero, even, h[0], h[1]);
    half_part((r.q >> 4) & 0x0f0f0f0fu, zero, odd, h[2], h[3]);
}
