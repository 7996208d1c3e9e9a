// Attention written as floats.
void put(uint row, uint i, float v) {
    OutF32(at(y, gl_WorkGroupID.y * FLASH_ROWS + row, heads * D)).v[gl_WorkGroupID.x * D + i] = v;
}
