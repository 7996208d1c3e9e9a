// A unit of Q6_K: unit 2h + j of a block is bytes 16j .. 16j + 15 of the first
// and of the second 32 low bytes of half h, and of its 32 high bytes. They hold
// sixteen elements of each quarter of the half, with a scale each.
#extension GL_EXT_integer_dot_product : require
struct Unit { uvec4 a, b, high; uvec2 scales; uint d; };

uint unit_of(uint s) { return (s >> 4) * 4 + ((s >> 3) & 1) * 2 + (s & 1); }
uint part_of(uint s) { return (s >> 1) & 3; }

Unit unit_load(uint64_t row, uint u) {
    const uint64_t block = row + (u >> 2) * WEIGHT_BYTES;
    U32x4 p = U32x4(block);
    const uint h = (u >> 1) & 1, j = u & 1;
    return Unit(p.v[4 * h + j], p.v[4 * h + 2 + j], p.v[8 + 2 * h + j], U32x2(block).v[24 + h], U32(block).v[52]);
}
