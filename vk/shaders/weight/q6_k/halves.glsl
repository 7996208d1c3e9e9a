// A unit of Q6_K: unit 2h + j of a block is sixteen elements of each quarter of
// half h, whose low bits share 32 bytes and whose high bits share 16.
#include "half_nibbles.glsl"
struct Raw { uvec4 a, b, high; uvec2 scales; uint d; };

uint half_at(uint u, uint part) { return 128 * (u >> 1) + 32 * part + 16 * (u & 1); }

Raw raw_load(uint64_t row, uint u) {
    const uint64_t block = row + (u >> 2) * WEIGHT_BYTES;
    U32x4 p = U32x4(block);
    const uint h = (u >> 1) & 1, j = u & 1;
    return Raw(p.v[4 * h + j], p.v[4 * h + 2 + j], p.v[8 + 2 * h + j], U32x2(block).v[24 + h], U32(block).v[52]);
}

void raw_halves(Raw r, uint u, out uvec4 h[8]) {
    const uvec2 s = r.scales >> (8 * (u & 1)); // the even or the odd bytes
    const vec4 scale = half_float(r.d) * vec4(ivec4(s.x << 24, s.x << 8, s.y << 24, s.y << 8) >> 24);
    const float16_t zero = float16_t(1024 + 32);
    half_part((r.a & 0x0f0f0f0fu) | (r.high << 4 & 0x30303030u), zero, vec2(scale.x, 0), h[0], h[1]);
    half_part((r.b & 0x0f0f0f0fu) | (r.high << 2 & 0x30303030u), zero, vec2(scale.y, 0), h[2], h[3]);
    half_part((r.a >> 4 & 0x0f0f0f0fu) | (r.high & 0x30303030u), zero, vec2(scale.z, 0), h[4], h[5]);
    half_part((r.b >> 4 & 0x0f0f0f0fu) | (r.high >> 2 & 0x30303030u), zero, vec2(scale.w, 0), h[6], h[7]);
}
