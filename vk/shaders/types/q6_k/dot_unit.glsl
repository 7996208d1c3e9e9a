// unit_dot multiplies a unit with unit x of the fixed-point activations.
float unit_dot(Unit w, uint u, uint x) {
    const ivec4 dots = ivec4(q16_dot((w.a & 0x0f0f0f0fu) | (w.high << 4 & 0x30303030u), x, 0),
                             q16_dot((w.b & 0x0f0f0f0fu) | (w.high << 2 & 0x30303030u), x, 1),
                             q16_dot((w.a >> 4 & 0x0f0f0f0fu) | (w.high & 0x30303030u), x, 2),
                             q16_dot((w.b >> 4 & 0x0f0f0f0fu) | (w.high >> 2 & 0x30303030u), x, 3)) - 32 * q16_sum[x];
    const uvec2 s = w.scales >> (8 * (u & 1)); // the even or the odd bytes
    const ivec4 scales = ivec4(s.x << 24, s.x << 8, s.y << 24, s.y << 8) >> 24;
    const vec4 p = q16_scale[x] * vec4(scales) * vec4(dots);
    return half_float(w.d) * (p.x + p.y + p.z + p.w);
}
