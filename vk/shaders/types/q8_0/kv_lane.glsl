// Rows are aligned for two bytes alone. Included after kv.glsl.
vec4 lane_kv4(uint64_t row, uint i) { return kv_load4(row, i); }
