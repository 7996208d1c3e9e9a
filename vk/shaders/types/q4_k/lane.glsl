// lane_block multiplies a block with the 256 activations at hand.
#include "gemv/lane_scaled.glsl"
float lane_block(uint64_t block) {
    U64 p = U64(block);
    const uvec4 head = uvec4(unpack32(p.v[0]), unpack32(p.v[1]));
    float sum = 0;
    [[unroll]] for (uint j = 0; j < 4; j++) {
        vec2 part = vec2(0);
        [[unroll]] for (uint t = 0; t < 4; t++) {
            const uvec2 w = unpack32(p.v[2 + 4 * j + t]);
            const uvec2 low = w & 0x0f0f0f0fu, high = (w >> 4) & 0x0f0f0f0fu;
            const uint i = 64 * j + 8 * t;
            part += vec2(lane_dot4(low.x, i) + lane_dot4(low.y, i + 4), lane_dot4(high.x, i + 32) + lane_dot4(high.y, i + 36));
        }
        sum += lane_scaled(head, j, part);
    }
    return sum;
}
