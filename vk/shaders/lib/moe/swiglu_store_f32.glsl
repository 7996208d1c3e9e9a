// Results kept as floats. Included before moe/swiglu_mma.glsl.
const uint Y_BYTES = 4;
void y_store(uint64_t row, uint i, float a) { PutF32(row).v[i] = a; }
