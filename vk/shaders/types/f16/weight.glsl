// Weights that are halves.
#include "core/bits.glsl"
const uint WEIGHT_BLOCK = 1, WEIGHT_BYTES = 2;

void decode8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    uvec4 w = U32x4(row).v[i >> 3];
    lo = vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y));
    hi = vec4(unpackHalf2x16(w.z), unpackHalf2x16(w.w));
}

float decode1(uint64_t row, uint i) { return half_float(uint(U16(row).v[i])); }
