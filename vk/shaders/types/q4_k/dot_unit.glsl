// unit_dot multiplies a unit with unit x of the fixed-point activations. Upper
// nibbles are multiplied where they lie, sixteen times as large.
float unit_dot(Unit w, uint u, uint x) {
    const vec4 m = scale_mins(w.head, u & 3);
    return m.x * q16_pair(w.a & 0x0f0f0f0fu, w.b & 0x0f0f0f0fu, x, 0) - m.z * q16_pair_sum(x, 0) +
           m.y * (1.0 / 16) * q16_pair(w.a & 0xf0f0f0f0u, w.b & 0xf0f0f0f0u, x, 2) - m.w * q16_pair_sum(x, 2);
}
