// Four neighbouring outputs of a row, of which there are n, to memory. Included
// after the activations.
#include "gemm/tile.glsl"
layout(buffer_reference, scalar, buffer_reference_align = 16) restrict writeonly buffer OutF32x4 { vec4 v[]; };

void store4(uint64_t row, uint o, vec4 v) {
    if ((n & 3) == 0) {
        if (o < n) OutF32x4(row).v[o / 4] = v;
        return;
    }
    [[unroll]] for (uint j = 0; j < 4; j++)
        if (o + j < n) OutF32(row).v[o + j] = v[j];
}

vec4 load4(uint64_t row, uint o) {
    if ((n & 3) == 0) return o < n ? F32x4(row).v[o / 4] : vec4(0);
    vec4 v = vec4(0);
    [[unroll]] for (uint j = 0; j < 4; j++)
        if (o + j < n) v[j] = F32(row).v[o + j];
    return v;
}

#ifdef X_FLOATS
float unscale(uint row) { return 1.0 / x_scale[row]; }
#else
float unscale(uint row) { return 1.0; }
#endif
