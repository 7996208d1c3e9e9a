// Four elements in two loads of eight bytes. Included after gemv/lanes.glsl.
vec4 lane_kv4(uint64_t row, uint i) { return vec4(lane_pair(row, i >> 1), lane_pair(row, (i >> 1) + 1)); }
