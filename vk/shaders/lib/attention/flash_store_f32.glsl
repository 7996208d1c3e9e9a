// Attention written as floats.
layout(buffer_reference, scalar, buffer_reference_align = 16) restrict writeonly buffer OutF32x4 { vec4 v[]; };

uint64_t put_at(uint query) { return at(y, first_row + query / share, heads * D) + (first_head + query % share) * D * 4; }
void store(uint query, uint i, float v) { OutF32(put_at(query)).v[i] = v; }
void put4(uint query, uint i, vec4 v) { OutF32x4(put_at(query)).v[i / 4] = v; }
