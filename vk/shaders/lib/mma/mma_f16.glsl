// A lane's 64 activations of a row that is kept as halves, in the order of a unit's
// parts. Included after mma/mma_weights.glsl.
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent readonly buffer ActHalves { uvec4 v[]; };

uvec2 half_order(uvec2 v) {
    const f16vec2 a = unpackFloat2x16(v.x), b = unpackFloat2x16(v.y);
    return uvec2(packFloat2x16(f16vec2(a.x, b.x)), packFloat2x16(f16vec2(a.y, b.y)));
}

// f16_load brings them. An instruction's lanes should ask for whole sectors of 32
// bytes, which nothing but the second level's cache keeps, and a lane's part is just
// one: so neighbours ask for the halves of one's, then of the other's, and exchange.
void f16_load(uint64_t x, uint row, uint block, out uvec4 v[8]) {
    const uint64_t from = x + (row * K + 256 * block) * 2;
    const bool odd = (gl_SubgroupInvocationID & 1) != 0;
    const uint t = lane_t();
    uvec4 even_half[4], odd_half[4];
    [[unroll]] for (uint i = 0; i < 4; i++) {
        even_half[i] = ActHalves(from).v[half_at(t & ~1u, i) / 8 + (t & 1)];
        odd_half[i] = ActHalves(from).v[half_at(t | 1u, i) / 8 + (t & 1)];
    }
    [[unroll]] for (uint i = 0; i < 4; i++) {
        const uvec4 other = subgroupShuffleXor(odd ? even_half[i] : odd_half[i], 1);
        const uvec4 a = odd ? other : even_half[i], b = odd ? odd_half[i] : other;
        v[2 * i] = uvec4(half_order(a.xy), half_order(a.zw));
        v[2 * i + 1] = uvec4(half_order(b.xy), half_order(b.zw));
    }
}

// f16_load4 brings the rows of lanes with g below four, row being that of g & 3:
// the other lanes ask for the second halves of their sectors.
void f16_load4(uint64_t x, uint row, uint block, out uvec4 v[8]) {
    const uint64_t from = x + (row * K + 256 * block) * 2;
    uvec4 a[4];
    [[unroll]] for (uint i = 0; i < 4; i++) a[i] = ActHalves(from).v[half_at(lane_t(), i) / 8 + (lane_g() >> 2)];
    [[unroll]] for (uint i = 0; i < 4; i++) {
        v[2 * i] = uvec4(half_order(a[i].xy), half_order(a[i].zw));
        v[2 * i + 1] = subgroupShuffleXor(v[2 * i], 16);
    }
}
