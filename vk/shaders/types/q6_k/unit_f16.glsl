// A unit of Q6_K as halves: of a word, the low nibbles are four elements of part
// side, the high ones of part side + 2, and two bits of each byte of high belong to
// each part. A scale is a byte in two's complement.
const uint UNIT_WORDS = 15; // of a Unit, in registers

Scale unit_scale(Unit w, uint u, uint bits) {
    const uvec2 b = (w.scales >> (8 * (u & 1)) & 0x00ff00ffu) ^ 0x00800080u;
    const f16vec2 d = unpackFloat2x16(w.d).xx, zero = f16vec2(float16_t(1024 + 128));
    const f16vec2 first = (unpackFloat2x16(b.x | bits) - zero) * d, second = (unpackFloat2x16(b.y | bits) - zero) * d;
    Scale v;
    v.first[0] = first.xx;
    v.first[1] = first.yy;
    v.second[0] = second.xx;
    v.second[1] = second.yy;
    v.first_more = v.second_more = f16vec2(float16_t(0));
    return v;
}

void unit_halves(Unit w, Scale s, uint side, uint i, uint bits, out uvec2 first, out uvec2 second) {
    const uint even = side == 0 ? w.a[i] : w.b[i], odd = even >> 8;
    const uint even_high = side == 0 ? w.high[i] << 4 : w.high[i] << 2, odd_high = side == 0 ? w.high[i] >> 4 : w.high[i] >> 6;
    first = uvec2(half_first((even & 0x000f000fu) | ((even_high & 0x00300030u) | bits), 32, s.first[side], s.first_more),
                  half_first((odd & 0x000f000fu) | ((odd_high & 0x00300030u) | bits), 32, s.first[side], s.first_more));
    second = uvec2(half_second((even & 0x00f000f0u) | ((even_high & 0x03000300u) | bits), 32, s.second[side], s.second_more),
                   half_second((odd & 0x00f000f0u) | ((odd_high & 0x03000300u) | bits), 32, s.second[side], s.second_more));
}
