// Q4_0: blocks of 32 elements in 18 bytes: a half d and 16 bytes; element j
// < 16 is the low nibble of byte j, element j + 16 the high one, less 8,
// times d. Blocks are 2-byte aligned.
#include "core/bits.glsl"
const uint WEIGHT_BLOCK = 32, WEIGHT_BYTES = 18;

void decode8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    U16 p = U16(row);
    const uint b = (i >> 5) * 9, q = b + 1 + ((i & 15) >> 1), shift = (i >> 2) & 4;
    const float d = half_float(uint(p.v[b]));
    lo = d * (bytes4((pair(p, q) >> shift) & 0x0f0f0f0fu) - 8);
    hi = d * (bytes4((pair(p, q + 2) >> shift) & 0x0f0f0f0fu) - 8);
}
#include "decode/decode1.glsl"
