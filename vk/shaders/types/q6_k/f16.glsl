// A unit of Q6_K: unit 2h + j of a block is sixteen elements of each quarter of
// half h, whose low bits share 32 bytes and whose high bits share 16. A side is
// sixteen bytes of low bits: those of quarters side and side + 2.
#include "decode/f16_nibbles.glsl"
struct Raw { uvec4 q, high; uvec2 scales; uint d; };

#include "f16_at.glsl"
uint half_slot(uint side, uint i) { return 2 * side + 4 * i; }

Raw raw_load(uint64_t row, uint u, uint side) {
    const uint64_t block = row + (u >> 2) * WEIGHT_BYTES;
    U32x4 p = U32x4(block);
    const uint h = (u >> 1) & 1, j = u & 1;
    return Raw(p.v[4 * h + 2 * side + j], p.v[8 + 2 * h + j], U32x2(block).v[24 + h], U32(block).v[52]);
}

void raw_halves(Raw r, uint u, uint side, out uvec4 h[4]) {
    const uvec2 s = r.scales >> (8 * (u & 1) + 16 * side); // the side's two in the lowest bytes
    const vec2 scale = half_float(r.d) * vec2(ivec2(s << 24) >> 24);
    const float16_t zero = float16_t(1024 + 32);
    const uvec4 high = r.high >> (2 * side);
    half_part((r.q & 0x0f0f0f0fu) | (high << 4 & 0x30303030u), zero, vec2(scale.x, 0), h[0], h[1]);
    half_part((r.q >> 4 & 0x0f0f0f0fu) | (high & 0x30303030u), zero, vec2(scale.y, 0), h[2], h[3]);
}
