// Small integers, a byte each, as halves: an integer below 64 in the low bits of
// 0x6400 is the half 1024 + integer. The even bytes of a word make one pair, the
// odd ones another, so the order of four elements becomes 0, 2, 1, 3; half_pack
// orders activations in the same way.
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require

uvec2 half_pack(vec4 v) { return uvec2(packHalf2x16(v.xz), packHalf2x16(v.yw)); }

// half_scaled is (byte - zero) * scale + offset, for four bytes.
uvec2 half_scaled(uint bytes, float16_t zero, f16vec2 scale, f16vec2 offset) {
    const f16vec2 a = unpackFloat2x16((bytes & 0x00ff00ffu) | 0x64006400u) - f16vec2(zero);
    const f16vec2 b = unpackFloat2x16(((bytes >> 8) & 0x00ff00ffu) | 0x64006400u) - f16vec2(zero);
    return uvec2(packFloat2x16(fma(a, scale, offset)), packFloat2x16(fma(b, scale, offset)));
}

// half_part makes sixteen halves of sixteen bytes.
void half_part(uvec4 bytes, float16_t zero, vec2 scale_offset, out uvec4 first, out uvec4 second) {
    const f16vec2 s = f16vec2(float16_t(scale_offset.x)), o = f16vec2(float16_t(scale_offset.y));
    first = uvec4(half_scaled(bytes.x, zero, s, o), half_scaled(bytes.y, zero, s, o));
    second = uvec4(half_scaled(bytes.z, zero, s, o), half_scaled(bytes.w, zero, s, o));
}
