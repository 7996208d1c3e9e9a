// Four elements in one load of eight bytes. Included after gemv/lanes.glsl.
vec4 lane_kv4(uint64_t row, uint i) {
    const uvec2 w = unpack32(U64(row).v[i >> 2]);
    return vec4(unpackHalf2x16(w.x), unpackHalf2x16(w.y));
}
