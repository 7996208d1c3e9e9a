// A kv cache of Q8_0 numbers: an element is d * q, a half d of each 32 elements times
// a signed byte q. Unlike in a file a row of KV_WIDTH elements has all its bytes
// first, then the halves, so that what an invocation loads is aligned and whole
// sectors are used. kv_store rounds a block as ggml does: d is the largest
// magnitude / 127, q is x / d (before d is rounded to a half) to the nearest, halves
// away from zero.
#include "core/bits.glsl"
#include "core/f16.glsl"
const uint KV_BLOCK = 32, KV_BYTES = 34, KV_RUN = 32;

// kv_scale is d of element i.
float kv_scale(uint64_t row, uint i) { return half_float(uint(U16(row + KV_WIDTH).v[i >> 5])); }

vec4 kv_load4(uint64_t row, uint i) { return kv_scale(row, i) * signed4(pair(U16(row), i >> 1)); }

void kv_load8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    U16 p = U16(row);
    const float d = kv_scale(row, i);
    lo = d * signed4(pair(p, i >> 1));
    hi = d * signed4(pair(p, (i >> 1) + 2));
}

uint kv_round(float v) { return uint(int(v + (v < 0 ? -0.5 : 0.5))) & 0xffu; }

void kv_store(uint64_t row, uint i, uint h) {
    OutU16 p = OutU16(row);
    float largest = 0;
    for (uint j = 0; j < 32; j++) largest = max(largest, abs(head[h + j]));
    const float d = largest / 127.0, inverse = d > 0 ? 1.0 / d : 0.0;
    OutU16(row + KV_WIDTH).v[i >> 5] = uint16_t(to_half(d));
    for (uint j = 0; j < 16; j++)
        p.v[(i >> 1) + j] = uint16_t(kv_round(head[h + 2 * j] * inverse) | kv_round(head[h + 2 * j + 1] * inverse) << 8);
}
