// unit_dot multiplies a unit with unit x of the fixed-point activations.
float unit_dot(Unit w, uint u, uint x) {
    const vec4 m = scale_mins(w.head, u & 3);
    const uvec4 a0 = (w.a & 0x0f0f0f0fu) | (w.ha << 4 & 0x10101010u), b0 = (w.b & 0x0f0f0f0fu) | (w.hb << 4 & 0x10101010u);
    const uvec4 a1 = (w.a >> 4 & 0x0f0f0f0fu) | (w.ha << 3 & 0x10101010u), b1 = (w.b >> 4 & 0x0f0f0f0fu) | (w.hb << 3 & 0x10101010u);
    return m.x * q16_pair(a0, b0, x, 0) - m.z * q16_pair_sum(x, 0) + m.y * q16_pair(a1, b1, x, 2) - m.w * q16_pair_sum(x, 2);
}
