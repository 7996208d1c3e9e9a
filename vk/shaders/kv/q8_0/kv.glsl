// A kv cache of Q8_0 blocks: 32 elements in 34 bytes, a half d and 32 signed
// bytes q; the element is d * q. kv_store rounds a block as ggml does: d is the
// largest magnitude / 127, q is x / d (before d is rounded to a half) to the
// nearest, halves away from zero.
#include "bits.glsl"
#include "half.glsl"
const uint KV_BLOCK = 32, KV_BYTES = 34, KV_RUN = 32;

vec4 kv_load4(uint64_t row, uint i) {
    U16 p = U16(row);
    const uint b = (i >> 5) * 17;
    return half_float(uint(p.v[b])) * signed4(pair(p, b + 1 + ((i & 31) >> 1)));
}

void kv_load8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    U16 p = U16(row);
    const uint b = (i >> 5) * 17, q = b + 1 + ((i & 31) >> 1);
    const float d = half_float(uint(p.v[b]));
    lo = d * signed4(pair(p, q));
    hi = d * signed4(pair(p, q + 2));
}

uint kv_round(float v) { return uint(int(v + (v < 0 ? -0.5 : 0.5))) & 0xffu; }

void kv_store(uint64_t row, uint i, uint h) {
    OutU16 p = OutU16(row);
    const uint b = (i >> 5) * 17;
    float largest = 0;
    for (uint j = 0; j < 32; j++) largest = max(largest, abs(head[h + j]));
    const float d = largest / 127.0, inverse = d > 0 ? 1.0 / d : 0.0;
    p.v[b] = uint16_t(to_half(d));
    for (uint j = 0; j < 16; j++)
        p.v[b + 1 + j] = uint16_t(kv_round(head[h + 2 * j] * inverse) | kv_round(head[h + 2 * j + 1] * inverse) << 8);
}
