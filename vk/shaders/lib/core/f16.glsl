layout(buffer_reference, scalar, buffer_reference_align = 2) restrict writeonly buffer OutU16 { uint16_t v[]; };

// to_half rounds to the nearest half, ties to even, as the built-in packing is
// free not to. Beyond the largest half lies infinity.
uint to_half(float f) {
    const uint bits = floatBitsToUint(f), a = bits & 0x7fffffffu, sign = (bits >> 16) & 0x8000u;
    uint h = (a - 0x38000000u + 0xfffu + ((a >> 13) & 1u)) >> 13;
    // Below 2^-14 halves are evenly spaced, as floats next to 0.5 are.
    if (a < 0x38800000u) h = floatBitsToUint(uintBitsToFloat(a) + 0.5) - 0x3f000000u;
    if (a >= 0x47800000u) h = a > 0x7f800000u ? 0x7e00u : 0x7c00u;
    return sign | h;
}
