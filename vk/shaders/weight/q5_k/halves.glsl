// A unit of Q5_K: the 64 elements of two neighbouring groups, whose nibbles
// share 32 bytes; the fifth bits lie in bits 0 and 1 of high.
#include "half_nibbles.glsl"
struct Raw { uvec4 head, high_a, high_b, a, b; };

uint half_at(uint u, uint part) { return 64 * u + 16 * part; }

Raw raw_load(uint64_t row, uint u) {
    U32x4 p = U32x4(row + (u >> 2) * WEIGHT_BYTES);
    const uint j = 2 * (u & 3);
    return Raw(p.v[0], p.v[1] >> j, p.v[2] >> j, p.v[3 + j], p.v[4 + j]);
}

void raw_halves(Raw r, uint u, out uvec4 h[8]) {
    const vec2 even = scale_min(r.head, 2 * (u & 3)) * vec2(1, -1), odd = scale_min(r.head, 2 * (u & 3) + 1) * vec2(1, -1);
    const float16_t zero = float16_t(1024);
    half_part((r.a & 0x0f0f0f0fu) | (r.high_a << 4 & 0x10101010u), zero, even, h[0], h[1]);
    half_part((r.b & 0x0f0f0f0fu) | (r.high_b << 4 & 0x10101010u), zero, even, h[2], h[3]);
    half_part((r.a >> 4 & 0x0f0f0f0fu) | (r.high_a << 3 & 0x10101010u), zero, odd, h[4], h[5]);
    half_part((r.b >> 4 & 0x0f0f0f0fu) | (r.high_b << 3 & 0x10101010u), zero, odd, h[6], h[7]);
}
