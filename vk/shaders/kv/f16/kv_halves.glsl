// Eight elements of a cache of halves, as they are.
uvec4 kv_half8(uint64_t row, uint i) { return U32x4(row).v[i >> 3]; }
