// Weights that are the upper halves of floats.
#include "core/bits.glsl"
const uint WEIGHT_BLOCK = 1, WEIGHT_BYTES = 2;

void decode8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    uvec4 w = U32x4(row).v[i >> 3];
    uvec4 even = w << 16, odd = w & 0xffff0000u;
    lo = uintBitsToFloat(uvec4(even.x, odd.x, even.y, odd.y));
    hi = uintBitsToFloat(uvec4(even.z, odd.z, even.w, odd.w));
}

float decode1(uint64_t row, uint i) { return uintBitsToFloat(uint(U16(row).v[i]) << 16); }
