// Eight elements of a Q8_0 cache as halves. A kernel that asks for elements long
// before it uses them takes them with kv_raw8, the half d and the bytes q, and
// makes halves of them with kv_halves, which waits for them.
#define KV_RAW uvec3
KV_RAW kv_raw8(uint64_t row, uint i) {
    U16 p = U16(row);
    const uint b = (i >> 5) * 17, q = b + 1 + ((i & 31) >> 1);
    return uvec3(uint(p.v[b]), pair(p, q), pair(p, q + 2));
}
uvec4 kv_halves(KV_RAW raw) {
    const float d = half_float(raw.x);
    const vec4 lo = d * signed4(raw.y), hi = d * signed4(raw.z);
    return uvec4(packHalf2x16(lo.xy), packHalf2x16(lo.zw), packHalf2x16(hi.xy), packHalf2x16(hi.zw));
}
uvec4 kv_half8(uint64_t row, uint i) { return kv_halves(kv_raw8(row, i)); }
