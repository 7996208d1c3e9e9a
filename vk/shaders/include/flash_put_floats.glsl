// Attention written as floats.
void put(uint query, uint i, float v) {
    OutF32(at(y, first_row + query / share, heads * D)).v[(first_head + query % share) * D + i] = v;
}
