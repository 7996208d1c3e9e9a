// Q8_0: blocks of 32 elements in 34 bytes: a half d and 32 signed bytes q;
// the element is d * q. Blocks are 2-byte aligned.
#include "core/bits.glsl"
const uint WEIGHT_BLOCK = 32, WEIGHT_BYTES = 34;

void decode8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    U16 p = U16(row);
    const uint b = (i >> 5) * 17, q = b + 1 + ((i & 31) >> 1);
    const float d = half_float(uint(p.v[b]));
    lo = d * signed4(pair(p, q));
    hi = d * signed4(pair(p, q + 2));
}
#include "decode/decode1.glsl"
