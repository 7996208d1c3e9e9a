// A unit of Q5_K as halves: as Q4_K, with the fifth bits in bits 0 and 1 of high.
#include "decode/mma_scale_min.glsl"
const uint UNIT_WORDS = 20; // of a Unit, in registers

void unit_halves(Unit w, Scale s, uint side, uint i, uint bits, out uvec2 first, out uvec2 second) {
    const uint even = side == 0 ? w.a[i] : w.b[i], odd = even >> 8, high = side == 0 ? w.ha[i] : w.hb[i];
    first = uvec2(half_first((even & 0x000f000fu) | ((high << 4 & 0x00100010u) | bits), 0, s.first[side], s.first_more),
                  half_first((odd & 0x000f000fu) | ((high >> 4 & 0x00100010u) | bits), 0, s.first[side], s.first_more));
    second = uvec2(half_second((even & 0x00f000f0u) | ((high << 7 & 0x01000100u) | bits), 0, s.second[side], s.second_more),
                   half_second((odd & 0x00f000f0u) | ((high >> 1 & 0x01000100u) | bits), 0, s.second[side], s.second_more));
}
