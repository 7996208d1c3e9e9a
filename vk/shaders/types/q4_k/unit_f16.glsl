// A unit of Q4_K as halves: of a word, the low nibbles are four elements of part
// side, the high ones of part side + 2.
#include "decode/mma_scale_min.glsl"
const uint UNIT_WORDS = 12; // of a Unit, in registers

void unit_halves(Unit w, Scale s, uint side, uint i, uint bits, out uvec2 first, out uvec2 second) {
    const uint even = side == 0 ? w.a[i] : w.b[i], odd = even >> 8;
    first = uvec2(half_first((even & 0x000f000fu) | bits, 0, s.first[side], s.first_more), half_first((odd & 0x000f000fu) | bits, 0, s.first[side], s.first_more));
    second = uvec2(half_second((even & 0x00f000f0u) | bits, 0, s.second[side], s.second_more), half_second((odd & 0x00f000f0u) | bits, 0, s.second[side], s.second_more));
}
