// A unit of Q5_K: the 64 elements of two neighbouring groups, whose nibbles
// share 32 bytes.
#extension GL_EXT_integer_dot_product : require
struct Unit { uvec4 head, ha, hb, a, b; };

uint unit_of(uint s) { return s >> 2; }
uint part_of(uint s) { return s & 3; }

Unit unit_load(uint64_t row, uint u) {
    U32x4 p = U32x4(row + (u >> 2) * WEIGHT_BYTES);
    const uint j = 2 * (u & 3);
    return Unit(p.v[0], p.v[1] >> j, p.v[2] >> j, p.v[3 + j], p.v[4 + j]);
}
