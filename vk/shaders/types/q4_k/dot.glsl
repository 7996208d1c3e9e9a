// A unit of Q4_K: the 64 elements of two neighbouring groups, whose nibbles
// share 32 bytes.
#extension GL_EXT_integer_dot_product : require
struct Unit { uvec4 head, a, b; };

uint unit_of(uint s) { return s >> 2; }
uint part_of(uint s) { return s & 3; }

Unit unit_load(uint64_t row, uint u) {
    const uint block = (u >> 2) * WEIGHT_BYTES;
    U32x4 p = U32x4(row + (block + 16 + 32 * (u & 3)));
    return Unit(U32x4(row + block).v[0], p.v[0], p.v[1]);
}
