// A unit of Q6_K: unit 2h + j of a block is bytes 16j .. 16j + 15 of the first
// and of the second 32 low bytes of half h, and of its 32 high bytes. They hold
// sixteen elements of each quarter of the half, with a scale each.
#extension GL_EXT_integer_dot_product : require
struct Unit { uvec4 a, b, high; uvec2 scales; uint d; };

uint unit_of(uint s) { return (s >> 4) * 4 + ((s >> 3) & 1) * 2 + (s & 1); }
uint part_of(uint s) { return (s >> 1) & 3; }

Unit unit_load(uint64_t row, uint u) {
    const uint block = (u >> 2) * WEIGHT_BYTES, h = (u >> 1) & 1, j = u & 1;
    U32x4 p = U32x4(row + (block + 64 * h + 16 * j));
    return Unit(p.v[0], p.v[2], U32x4(row + (block + 128 + 32 * h + 16 * j)).v[0], U32x2(row + (block + 192 + 8 * h)).v[0], U32(row + block).v[52]);
}
