// Eight elements of a cache of halves, as they are. A kernel that asks for
// elements long before it uses them takes them with kv_raw8 and makes halves of
// them with kv_halves, which waits for them.
#define KV_RAW uvec4
KV_RAW kv_raw8(uint64_t row, uint i) { return U32x4(row).v[i >> 3]; }
uvec4 kv_halves(KV_RAW raw) { return raw; }
uvec4 kv_half8(uint64_t row, uint i) { return kv_raw8(row, i); }
