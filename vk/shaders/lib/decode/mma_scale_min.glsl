// The scales and minima of a unit of Q4_K or Q5_K, two neighbouring groups, whose
// bytes lie side by side: see decode/scale_min.glsl.
Scale unit_scale(Unit w, uint u, uint bits) {
    const uvec3 b = uvec3(w.head.y, w.head.z, w.head.w) >> (16 * (u & 1));
    const bool low = (u & 2) == 0;
    const uint s = low ? b.x & 0x3f3fu : (b.z & 0x0f0fu) | (b.x >> 2 & 0x3030u);
    const uint m = low ? b.y & 0x3f3fu : (b.z >> 4 & 0x0f0fu) | (b.y >> 2 & 0x3030u);
    const f16vec2 d = unpackFloat2x16(w.head.x), zero = f16vec2(float16_t(1024));
    const f16vec2 even = (unpackFloat2x16((s & 0xffu) | (m << 16 & 0xff0000u) | bits) - zero) * d;
    const f16vec2 odd = (unpackFloat2x16(s >> 8 | (m << 8 & 0xff0000u) | bits) - zero) * d;
    Scale v;
    v.first[0] = v.first[1] = even.xx;
    v.second[0] = v.second[1] = odd.xx;
    v.first_more = -even.yy;
    v.second_more = -odd.yy;
    return v;
}
