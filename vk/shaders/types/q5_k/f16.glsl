// A unit of Q5_K: the 64 elements of two neighbouring groups, whose nibbles
// share 32 bytes, of which a side is sixteen; the fifth bits lie in bits 0 and 1
// of high.
#include "decode/f16_nibbles.glsl"
struct Raw { uvec4 head, high, q; };

#include "f16_at.glsl"
uint half_slot(uint side, uint i) { return 2 * side + 4 * i; }

Raw raw_load(uint64_t row, uint u, uint side) {
    U32x4 p = U32x4(row + (u >> 2) * WEIGHT_BYTES);
    const uint j = 2 * (u & 3);
    return Raw(p.v[0], p.v[1 + side] >> j, p.v[3 + j + side]);
}

void raw_halves(Raw r, uint u, uint side, out uvec4 h[4]) {
    const vec2 even = scale_min(r.head, 2 * (u & 3)) * vec2(1, -1), odd = scale_min(r.head, 2 * (u & 3) + 1) * vec2(1, -1);
    const float16_t zero = float16_t(1024);
    half_part((r.q & 0x0f0f0f0fu) | (r.high << 4 & 0x10101010u), zero, even, h[0], h[1]);
    half_part((r.q >> 4 & 0x0f0f0f0fu) | (r.high << 3 & 0x10101010u), zero, odd, h[2], h[3]);
}
