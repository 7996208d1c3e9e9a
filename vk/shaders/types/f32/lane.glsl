// lane_block multiplies 256 floats with the activations at hand, which are
// divided as gemv/lanes.glsl says.
float lane_block(uint64_t block) {
    U64 p = U64(block);
    vec4 sum = vec4(0);
    [[unroll]] for (uint i = 0; i < 256; i += 4) {
        const vec4 w = vec4(uintBitsToFloat(unpack32(p.v[i / 2])), uintBitsToFloat(unpack32(p.v[i / 2 + 1])));
        sum += w * vec4(1, 256, 65536, 1) * vec4(lane_at(i), lane_at(i + 1), lane_at(i + 2), lane_at(i + 3));
    }
    return sum.x + sum.y + (sum.z + sum.w);
}
