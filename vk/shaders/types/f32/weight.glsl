// Weights that are plain floats.
#include "core/bits.glsl"
const uint WEIGHT_BLOCK = 1, WEIGHT_BYTES = 4;

void decode8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    F32x4 p = F32x4(row);
    lo = p.v[i >> 2];
    hi = p.v[(i >> 2) + 1];
}

float decode1(uint64_t row, uint i) { return F32(row).v[i]; }
