// A kv cache of halves. kv_store writes a run of elements from head.
#include "core/bits.glsl"
#include "core/f16.glsl"
const uint KV_BLOCK = 1, KV_BYTES = 2, KV_RUN = 4;

layout(buffer_reference, scalar, buffer_reference_align = 8) restrict writeonly buffer KVOut { uvec2 v[]; };

vec4 kv_load4(uint64_t row, uint i) {
    const uvec2 w = U32x2(row).v[i >> 2];
    return vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y));
}

void kv_load8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    const uvec4 w = U32x4(row).v[i >> 3];
    lo = vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y));
    hi = vec4(unpackHalf2x16(w.z), unpackHalf2x16(w.w));
}

void kv_store(uint64_t row, uint i, uint h) {
    KVOut(row).v[i >> 2] = uvec2(to_half(head[h]) | to_half(head[h + 1]) << 16,
                                 to_half(head[h + 2]) | to_half(head[h + 3]) << 16);
}
