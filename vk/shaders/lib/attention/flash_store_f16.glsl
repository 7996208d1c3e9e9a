// Attention written as halves.
layout(buffer_reference, scalar, buffer_reference_align = 2) FLASH_ACCESS writeonly buffer OutF16 { float16_t v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) FLASH_ACCESS writeonly buffer OutF16x4 { f16vec4 v[]; };

uint64_t put_at(uint query) { return y + (uint64_t(first_row + query / share) * heads + first_head + query % share) * D * 2; }
void store(uint query, uint i, float v) { OutF16(put_at(query)).v[i] = float16_t(clamp(v, -65504.0, 65504.0)); }
void put4(uint query, uint i, vec4 v) { OutF16x4(put_at(query)).v[i / 4] = f16vec4(clamp(v, vec4(-65504.0), vec4(65504.0))); }
