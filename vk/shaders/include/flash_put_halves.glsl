// Attention written as halves.
layout(buffer_reference, scalar, buffer_reference_align = 2) restrict writeonly buffer OutF16 { float16_t v[]; };

void put(uint query, uint i, float v) {
    const uint64_t to = y + uint64_t(first_row + query / share) * heads * D * 2;
    OutF16(to).v[(first_head + query % share) * D + i] = float16_t(clamp(v, -65504.0, 65504.0));
}
