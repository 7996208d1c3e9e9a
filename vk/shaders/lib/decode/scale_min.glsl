// The scales of a Q4_K or Q5_K block: eight groups of 32 elements, each with a
// 6-bit scale and a 6-bit minimum, packed in 12 bytes. Groups 0 to 3 have the
// scale in byte g and the minimum in byte g + 4; groups 4 to 7 have their low
// four bits in the nibbles of byte g + 4 and their high two bits on top of
// bytes g - 4 and g. head is the block's first 16 bytes: d and dmin as halves,
// then the 12.

// scale_mins gives d * scale of groups 2j and 2j + 1, then dmin * minimum of both:
// their bytes lie side by side.
vec4 scale_mins(uvec4 head, uint j) {
    const uvec3 b = uvec3(head.y, head.z, head.w) >> (16 * (j & 1));
    const bool low = j < 2;
    const uint s = low ? b.x & 0x3f3fu : (b.z & 0x0f0fu) | (b.x >> 2 & 0x3030u);
    const uint m = low ? b.y & 0x3f3fu : (b.z >> 4 & 0x0f0fu) | (b.y >> 2 & 0x3030u);
    return unpackHalf2x16(head.x).xxyy * vec4(s & 0xffu, s >> 8, m & 0xffu, m >> 8);
}

// scale_min gives d * scale and dmin * minimum of group g.
vec2 scale_min(uvec4 head, uint g) {
    const uint s = 8 * (g & 3);
    const uvec3 b = uvec3(head.y, head.z, head.w) >> s;
    const uvec2 first = b.xy & 63u;
    const uvec2 second = (uvec2(b.z, b.z >> 4) & 15u) | ((b.xy >> 2) & 48u);
    return unpackHalf2x16(head.x) * vec2(g < 4 ? first : second);
}
