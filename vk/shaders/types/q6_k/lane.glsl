// lane_block multiplies a block with the 256 activations at hand.
float lane_block(uint64_t block) {
    U64 p = U64(block);
    float sum = 0;
    [[unroll]] for (uint h = 0; h < 2; h++) {
        const uvec2 scales = unpack32(p.v[24 + h]);
        [[unroll]] for (uint g = 0; g < 2; g++) { // the sixteens of each quarter
            vec4 part = vec4(0);
            [[unroll]] for (uint t = 0; t < 2; t++) {
                const uint at = 2 * g + t, i = 128 * h + 8 * at;
                const uvec2 a = unpack32(p.v[8 * h + at]), b = unpack32(p.v[8 * h + 4 + at]), high = unpack32(p.v[16 + 4 * h + at]);
                const uvec2 q0 = (a & 0x0f0f0f0fu) | ((high << 4) & 0x30303030u), q1 = (b & 0x0f0f0f0fu) | ((high << 2) & 0x30303030u);
                const uvec2 q2 = ((a >> 4) & 0x0f0f0f0fu) | (high & 0x30303030u), q3 = ((b >> 4) & 0x0f0f0f0fu) | ((high >> 2) & 0x30303030u);
                part += vec4(lane_dot4(q0.x, i) + lane_dot4(q0.y, i + 4), lane_dot4(q1.x, i + 32) + lane_dot4(q1.y, i + 36),
                             lane_dot4(q2.x, i + 64) + lane_dot4(q2.y, i + 68), lane_dot4(q3.x, i + 96) + lane_dot4(q3.y, i + 100));
            }
            [[unroll]] for (uint q = 0; q < 4; q++) {
                const uint s = 2 * q + g;
                const int scale = int(scales[s / 4] << (24 - 8 * (s & 3))) >> 24;
                sum += float(scale) * (part[q] - 32.0 * lane_sum[8 * h + s]);
            }
        }
    }
    return sum * half_float(unpack32(p.v[26]).x);
}
