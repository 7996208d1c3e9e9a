// Views of packed memory, and the small integers in it as floats.
layout(buffer_reference, scalar, buffer_reference_align = 2) restrict readonly buffer U16 { uint16_t v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 8) restrict readonly buffer U32x2 { uvec2 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 16) restrict readonly buffer U32x4 { uvec4 v[]; };

// half_float reads a half from the low 16 bits.
float half_float(uint bits) { return unpackHalf2x16(bits & 0xffffu).x; }

// pair joins two 16-bit words that lie at v[i] and v[i+1].
uint pair(U16 p, uint i) { return uint(p.v[i]) | uint(p.v[i + 1]) << 16; }

// bytes4 gives the four bytes of a word, lowest first.
vec4 bytes4(uint w) { return vec4(w & 0xffu, (w >> 8) & 0xffu, (w >> 16) & 0xffu, w >> 24); }

// signed4 likewise, each byte in two's complement.
vec4 signed4(uint w) { return vec4(ivec4(w << 24, w << 16, w << 8, w) >> 24); }
