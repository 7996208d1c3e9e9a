// Results kept as halves, bounded by the largest half. Included before moe/swiglu_mma.glsl.
layout(buffer_reference, scalar, buffer_reference_align = 2) coherent writeonly buffer PutF16 { float16_t v[]; };
const uint Y_BYTES = 2;
void y_store(uint64_t row, uint i, float a) { PutF16(row).v[i] = float16_t(clamp(a, -65504.0, 65504.0)); }
