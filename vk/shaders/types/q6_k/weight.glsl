// Q6_K: blocks of 256 elements in 210 bytes: 128 bytes with the low four bits,
// 64 bytes with the high two, 16 signed scales, a half d. In each half of 128
// elements, quarter t of 32 has its low bits in the low (t < 2) or high nibbles
// of bytes 32 * (t % 2) on, its high bits at bit 2 * t; a scale serves 16
// elements. The element is d * scale * (q - 32). On the device 14 unused bytes
// follow each block, so that it is aligned to 16.
#include "core/bits.glsl"
const uint WEIGHT_BLOCK = 256, WEIGHT_BYTES = 224;

void decode8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    U16 p = U16(row);
    const uint b = (i >> 8) * 112, part = (i >> 7) & 1, t = (i >> 5) & 3, l = (i & 31) >> 1;
    const uint ql = b + 32 * part + 16 * (t & 1) + l, qh = b + 64 + 16 * part + l;
    const uint g = 8 * part + 2 * t + (l >> 3);
    const int scale = int(uint(p.v[b + 96 + (g >> 1)]) << (24 - 8 * (g & 1))) >> 24;
    const float d = half_float(uint(p.v[b + 104])) * float(scale);
    const uvec2 low = (uvec2(pair(p, ql), pair(p, ql + 2)) >> (4 * (t >> 1))) & 0x0f0f0f0fu;
    const uvec2 high = (uvec2(pair(p, qh), pair(p, qh + 2)) >> (2 * t)) & 0x03030303u;
    const uvec2 n = low | (high << 4);
    lo = d * (bytes4(n.x) - 32);
    hi = d * (bytes4(n.y) - 32);
}
#include "decode/decode1.glsl"
