// Small integers as halves: bits beside 0x6400 are the half 1024 + bits. What a
// mask leaves of a word joins that number in one instruction where the compiler
// does not know it, so kernels make HALF_BITS of something that is zero.
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
const uint HALF_BITS = 0x64006400u;

// half_first is (bits - zero) * scale + more for two integers beside HALF_BITS.
uint half_first(uint bits, float zero, f16vec2 scale, f16vec2 more) {
    return packFloat2x16(fma(unpackFloat2x16(bits) - f16vec2(float16_t(1024.0 + zero)), scale, more));
}

// half_second likewise for integers four bits higher.
uint half_second(uint bits, float zero, f16vec2 scale, f16vec2 more) {
    return packFloat2x16(fma(fma(unpackFloat2x16(bits), f16vec2(float16_t(1.0 / 16)), f16vec2(float16_t(-64.0 - zero))), scale, more));
}
