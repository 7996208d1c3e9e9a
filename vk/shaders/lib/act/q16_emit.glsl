// Activations as 16-bit fixed point in memory: see graph.StoreQ16. Included after
// quantized.glsl, whose rounding it has, and sync/sync.glsl.
layout(buffer_reference, scalar, buffer_reference_align = 8) coherent writeonly buffer PutU32x2 { uvec2 v[]; };

// q16_bytes is the size of a row of n.
uint q16_bytes(uint n) { return n / 16 * 40; }

// q16_emit writes elements 4 * quad .. 4 * quad + 3 of a row of so many sixteens,
// where wanted. A whole subgroup must call it, four neighbouring invocations for one
// sixteen.
void q16_emit(uint64_t row, uint sixteens, uint quad, vec4 v, bool wanted) {
    const vec4 m = abs(v);
    float top = max(max(m.x, m.y), max(m.z, m.w));
    top = max(top, subgroupShuffleXor(top, 1));
    top = max(top, subgroupShuffleXor(top, 2));
    const uvec4 bits = round_bits(v, q16_inverse(top));
    const uvec2 bytes = parts4(bits);
    int sum = int(bits.x + bits.y + bits.z + bits.w - 4 * ROUND_BITS);
    sum += subgroupShuffleXor(sum, 1);
    sum += subgroupShuffleXor(sum, 2);
    if (!wanted) return;
    PutU32(row).v[quad] = bytes.x;
    PutU32(row).v[4 * sixteens + quad] = bytes.y;
    if (quad % 4 == 0) PutU32x2(row).v[4 * sixteens + quad / 4] = uvec2(floatBitsToUint(q16_step(top)), uint(sum));
}
