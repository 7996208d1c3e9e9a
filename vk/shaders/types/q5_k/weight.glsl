// Q5_K: blocks of 256 elements in 176 bytes: d, dmin and scales as in Q4_K,
// 32 bytes with the fifth bits (bit g of byte l for element l of group g), then
// 128 bytes with the low four as in Q4_K. Blocks are 16-byte aligned.
#include "core/bits.glsl"
#include "decode/scale_min.glsl"
const uint WEIGHT_BLOCK = 256, WEIGHT_BYTES = 176;

void decode8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    const uint block = i >> 8, g = (i >> 5) & 7, run = (i >> 3) & 3;
    const vec2 s = scale_min(U32x4(row).v[block * 11], g);
    const uvec2 h = U32x2(row).v[block * 22 + 2 + run];
    const uvec2 q = U32x2(row).v[block * 22 + 6 + (g >> 1) * 4 + run];
    const uvec2 n = ((q >> (4 * (g & 1))) & 0x0f0f0f0fu) | (((h >> g) & 0x01010101u) << 4);
    lo = s.x * bytes4(n.x) - s.y;
    hi = s.x * bytes4(n.y) - s.y;
}
#include "decode/decode1.glsl"
