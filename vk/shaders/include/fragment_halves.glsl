// A lane's 64 activations of a row that is kept as halves, in the order of a unit's
// parts. Included after fragment.glsl.
layout(buffer_reference, scalar, buffer_reference_align = 16) coherent readonly buffer ActHalves { uvec4 v[]; };

uvec2 half_order(uvec2 v) {
    const f16vec2 a = unpackFloat2x16(v.x), b = unpackFloat2x16(v.y);
    return uvec2(packFloat2x16(f16vec2(a.x, b.x)), packFloat2x16(f16vec2(a.y, b.y)));
}

void halves_take(uint64_t x, uint row, uint block, out uvec4 v[8]) {
    const uint64_t from = x + uint64_t(row) * K * 2;
    [[unroll]] for (uint i = 0; i < 8; i++) {
        const uvec4 a = ActHalves(from).v[32 * block + half_at(fragment_t(), i / 2) / 8 + i % 2];
        v[i] = uvec4(half_order(a.xy), half_order(a.zw));
    }
}
