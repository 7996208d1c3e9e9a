// Q4_K: blocks of 256 elements in 144 bytes: d, dmin, eight 6-bit scales and
// minima (decode/scale_min.glsl), then 128 bytes q. Group g of 32 elements lies in the
// low (g even) or high (g odd) nibbles of bytes 32 * (g / 2) on; the element is
// d * scale * q - dmin * minimum. Blocks are 16-byte aligned.
#include "core/bits.glsl"
#include "decode/scale_min.glsl"
const uint WEIGHT_BLOCK = 256, WEIGHT_BYTES = 144;

void decode8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    const uint block = i >> 8, g = (i >> 5) & 7;
    const vec2 s = scale_min(U32x4(row).v[block * 9], g);
    const uvec2 q = U32x2(row).v[block * 18 + 2 + (g >> 1) * 4 + ((i >> 3) & 3)];
    const uvec2 n = (q >> (4 * (g & 1))) & 0x0f0f0f0fu;
    lo = s.x * bytes4(n.x) - s.y;
    hi = s.x * bytes4(n.y) - s.y;
}
#include "decode/decode1.glsl"
