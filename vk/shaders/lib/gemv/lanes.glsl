// Products for devices that run on a CPU: each of the eight invocations of a
// workgroup owns an output row, all take the same 256 activations at a time.
// Such a device loads invocation by invocation, so what counts is how many
// loads there are: weights come eight bytes at a time, and activations are
// loaded once, each by one invocation, and passed on in registers.
// The subgroup must have eight invocations and be the whole workgroup. Included
// before the type's lane.glsl, which has lane_block.
#extension GL_EXT_shader_explicit_arithmetic_types_int64 : require
layout(buffer_reference, scalar, buffer_reference_align = 8) restrict readonly buffer U64 { uint64_t v[]; };

const uint LANES = 8;

// Element 16 j + 2 lane + c of the block at [j][c], divided by 256 or 65536 if
// it is multiplied by the second or third byte of a word, which stay in place.
vec2 lane_x[16];
// The sums of each sixteen elements, in every invocation.
float lane_sum[16];

vec2 lane_pair(uint64_t row, uint i) { return uintBitsToFloat(unpack32(U64(row).v[i])); }

float lanes_add(float v) {
    const uint lane = gl_SubgroupInvocationID;
    v += subgroupShuffle(v, lane ^ 1);
    v += subgroupShuffle(v, lane ^ 2);
    return v + subgroupShuffle(v, lane ^ 4);
}

void lane_take(uint j, vec2 v) {
    const bool odd = (gl_SubgroupInvocationID & 1) != 0;
    lane_sum[j] = lanes_add(v.x + v.y);
    lane_x[j] = v * (odd ? vec2(1.0 / 65536.0, 1) : vec2(1, 1.0 / 256.0));
}

// lane_load takes block b of a row of activations.
void lane_load(uint64_t x, uint b) {
    [[unroll]] for (uint j = 0; j < 16; j++) lane_take(j, lane_pair(x, (b * 16 + j) * LANES + gl_SubgroupInvocationID));
}

// lane_load_norm takes block b of norm * x, and adds the squares of x to those
// before, an invocation its own.
void lane_load_norm(uint64_t x, uint64_t norm, uint b, inout float squares) {
    [[unroll]] for (uint j = 0; j < 16; j++) {
        const uint i = (b * 16 + j) * LANES + gl_SubgroupInvocationID;
        const vec2 v = lane_pair(x, i);
        squares += dot(v, v);
        lane_take(j, v * lane_pair(norm, i));
    }
}

// lane_rms is 1 / sqrt(mean of the squares + eps).
float lane_rms(float squares, uint k, float eps) { return 1.0 / sqrt(lanes_add(squares) / float(k) + eps); }

float lane_at(uint i) { return subgroupShuffle(lane_x[i / 16][i & 1], (i / 2) % LANES); }

// lane_dot4 multiplies the four bytes of w with elements i .. i + 3.
float lane_dot4(uint w, uint i) {
    return float(int(w & 0xffu)) * lane_at(i) + float(int(w & 0xff00u)) * lane_at(i + 1) +
           (float(int(w & 0xff0000u)) * lane_at(i + 2) + float(int(w >> 24)) * lane_at(i + 3));
}
