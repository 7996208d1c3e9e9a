// unit_dot multiplies a unit with unit x of the fixed-point activations.
float unit_dot(Unit w, uint u, uint x) {
    const vec4 m = scale_mins(w.head, u & 3);
    return m.x * fixed_pair(w.a & 0x0f0f0f0fu, w.b & 0x0f0f0f0fu, x, 0) - m.z * fixed_pair_sum(x, 0) +
           m.y * fixed_pair((w.a >> 4) & 0x0f0f0f0fu, (w.b >> 4) & 0x0f0f0f0fu, x, 2) - m.w * fixed_pair_sum(x, 2);
}
