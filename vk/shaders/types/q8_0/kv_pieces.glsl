// What an invocation takes at once of a Q8_0 cache: eight bytes of a key, four of a
// value, and the scales of a head's blocks of 32 elements, two per word. An element is the signed
// byte, to be multiplied by its block's scale. Included after kv.glsl, D, a multiple of
// 64, and KV_SEEN, how the cache is seen.
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#define KV_KEYS uvec2
#define KV_VALUES uint
const bool KV_SCALED = true;
layout(buffer_reference, scalar, buffer_reference_align = 8) KV_SEEN buffer Eights { uvec2 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) KV_SEEN buffer Fours { uint v[]; };

// Rows of heads of 128 elements are aligned for eight bytes, of 64 for four.
uvec2 kv_eight(uint64_t at) { return D % 128 == 0 ? Eights(at).v[0] : uvec2(Fours(at).v[0], Fours(at).v[1]); }

KV_KEYS kv_keys(uint64_t row, uint i) { return kv_eight(row + i); }
KV_VALUES kv_values(uint64_t row, uint i) { return Fours(row + i).v[0]; }
uvec2 kv_scales(uint64_t row, uint i) {
    const uint64_t at = row + KV_WIDTH + (i >> 4);
    return D % 128 == 0 ? kv_eight(at) : uvec2(Fours(at).v[0], 0);
}

// kv_even are bytes 0 and 2 of a word as halves, kv_odd bytes 1 and 3: a byte whose
// sign's bit is turned is q + 128, and beside 0x64 the half 1152 + q.
f16vec2 kv_even(uint k) { return unpackFloat2x16((k & 0x00ff00ffu) ^ 0x64806480u) - f16vec2(float16_t(1152.0)); }
f16vec2 kv_odd(uint k) { return kv_even(k >> 8); }

// kv_key_halves are the key's elements, two per word: 0 and 2, 1 and 3, 4 and 6, 5 and 7,
// which takes fewer instructions than their order. kv_key_order does so to others.
uvec4 kv_key_halves(KV_KEYS k) {
    return uvec4(packFloat2x16(kv_even(k.x)), packFloat2x16(kv_odd(k.x)), packFloat2x16(kv_even(k.y)), packFloat2x16(kv_odd(k.y)));
}
uvec4 kv_key_order(uvec4 x) {
    return uvec4((x.x & 0xffffu) | x.y << 16, (x.x >> 16) | (x.y & 0xffff0000u), (x.z & 0xffffu) | x.w << 16, (x.z >> 16) | (x.w & 0xffff0000u));
}
void kv_key_floats(KV_KEYS k, out vec4 lo, out vec4 hi) {
    lo = signed4(k.x);
    hi = signed4(k.y);
}

// kv_value_pairs are elements 0 to 3 of two positions' values, a word each.
uvec4 kv_value_pairs(KV_VALUES a, KV_VALUES b) {
    const uvec2 x = uvec2(packFloat2x16(kv_even(a)), packFloat2x16(kv_odd(a))), y = uvec2(packFloat2x16(kv_even(b)), packFloat2x16(kv_odd(b)));
    return uvec4((x.x & 0xffffu) | y.x << 16, (x.y & 0xffffu) | y.y << 16, (x.x >> 16) | (y.x & 0xffff0000u), (x.y >> 16) | (y.y & 0xffff0000u));
}

vec4 kv_value_floats(KV_VALUES a) { return signed4(a); }

// kv_scales_top is the larger magnitude of two heads' scales, two halves per word.
uint kv_scales_top(uvec2 s) {
    const f16vec2 a = abs(unpackFloat2x16(s.x)), b = abs(unpackFloat2x16(s.y));
    return packFloat2x16(max(a, b));
}
