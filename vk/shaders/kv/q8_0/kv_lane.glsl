// Blocks are no multiple of eight bytes. Included after kv.glsl.
vec4 lane_kv4(uint64_t row, uint i) { return kv_load4(row, i); }
