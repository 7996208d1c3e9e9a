// Eight elements of a Q8_0 cache as halves.
uvec4 kv_half8(uint64_t row, uint i) {
    vec4 lo, hi;
    kv_load8(row, i, lo, hi);
    return uvec4(packHalf2x16(lo.xy), packHalf2x16(lo.zw), packHalf2x16(hi.xy), packHalf2x16(hi.zw));
}
