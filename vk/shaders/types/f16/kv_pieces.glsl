// What an invocation takes at once of a cache of halves: eight elements of a key, four
// of a value. An element is what the cache has, without a scale. Included after
// kv.glsl and KV_SEEN, how the cache is seen.
#define KV_KEYS uvec4
#define KV_VALUES uvec2
const bool KV_SCALED = false;
layout(buffer_reference, scalar, buffer_reference_align = 16) KV_SEEN buffer Keys { uvec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) KV_SEEN buffer Values { uvec2 v[]; };

float kv_scale(uint64_t row, uint i) { return 1.0; }
KV_KEYS kv_keys(uint64_t row, uint i) { return Keys(row).v[i >> 3]; }
KV_VALUES kv_values(uint64_t row, uint i) { return Values(row).v[i >> 2]; }
uvec2 kv_scales(uint64_t row, uint i) { return uvec2(0); }

// kv_key_halves are the key's elements, two per word, in the order that kv_key_order
// gives to others.
uvec4 kv_key_halves(KV_KEYS k) { return k; }
uvec4 kv_key_order(uvec4 x) { return x; }
void kv_key_floats(KV_KEYS k, out vec4 lo, out vec4 hi) {
    lo = vec4(unpackHalf2x16(k.x), unpackHalf2x16(k.y));
    hi = vec4(unpackHalf2x16(k.z), unpackHalf2x16(k.w));
}

// kv_value_pairs are elements 0 to 3 of two positions' values, a word each.
uvec4 kv_value_pairs(KV_VALUES a, KV_VALUES b) {
    return uvec4((a.x & 0xffffu) | b.x << 16, (a.x >> 16) | (b.x & 0xffff0000u), (a.y & 0xffffu) | b.y << 16, (a.y >> 16) | (b.y & 0xffff0000u));
}

vec4 kv_value_floats(KV_VALUES a) { return vec4(unpackHalf2x16(a.x), unpackHalf2x16(a.y)); }

uint kv_scales_top(uvec2 s) { return 0; }
