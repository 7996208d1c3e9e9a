// A power of two that brings a magnitude to 2^14 .. 2^15, where halves have room
// above and digits below, and its inverse.
vec2 half_scale(float top) {
    const uint e = clamp(floatBitsToUint(top) >> 23, 16u, 240u);
    return uintBitsToFloat(uvec2((268u - e) << 23, (e - 14u) << 23));
}
