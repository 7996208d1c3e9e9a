// decode1 for types in blocks, by decode8. Rows of such types have whole
// blocks, so only single elements are ever asked for, never a row's rest.
float decode1(uint64_t row, uint i) {
    vec4 lo, hi;
    decode8(row, i & ~7u, lo, hi);
    return (i & 4) == 0 ? lo[i & 3] : hi[i & 3];
}
