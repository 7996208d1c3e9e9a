// A unit of Q5_K: the 64 elements of two neighbouring groups, whose nibbles
// share 32 bytes.
#extension GL_EXT_integer_dot_product : require
struct Unit { uvec4 head, ha, hb, a, b; };

uint unit_of(uint s) { return s >> 2; }
uint part_of(uint s) { return s & 3; }

Unit unit_load(uint64_t row, uint u) {
    const uint block = (u >> 2) * WEIGHT_BYTES, j = 2 * (u & 3);
    U32x4 head = U32x4(row + block), p = U32x4(row + (block + 48 + 16 * j));
    return Unit(head.v[0], head.v[1] >> j, head.v[2] >> j, p.v[0], p.v[1]);
}
