// Eight elements of a Q8_0 cache as halves. A kernel that asks for elements long
// before it uses them takes them with kv_raw8, the half d and the bytes q, and
// makes halves of them with kv_halves, which waits for them. Rows of a multiple of 128
// elements are aligned for eight bytes at once.
#define KV_RAW uvec3
KV_RAW kv_raw8(uint64_t row, uint i) {
    const uint d = uint(U16(row + KV_WIDTH).v[i >> 5]);
    if (KV_WIDTH % 128 == 0) return uvec3(d, U32x2(row).v[i >> 3]);
    U16 p = U16(row);
    return uvec3(d, pair(p, i >> 1), pair(p, (i >> 1) + 2));
}
uvec4 kv_halves(KV_RAW raw) {
    const float d = half_float(raw.x);
    const vec4 lo = d * signed4(raw.y), hi = d * signed4(raw.z);
    return uvec4(packHalf2x16(lo.xy), packHalf2x16(lo.zw), packHalf2x16(hi.xy), packHalf2x16(hi.zw));
}
uvec4 kv_half8(uint64_t row, uint i) { return kv_halves(kv_raw8(row, i)); }
