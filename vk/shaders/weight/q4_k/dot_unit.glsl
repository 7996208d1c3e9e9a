// unit_dot multiplies a unit with unit x of the fixed-point activations.
float unit_dot(Unit w, uint u, uint x) {
    const vec2 even = scale_min(w.head, 2 * (u & 3)), odd = scale_min(w.head, 2 * (u & 3) + 1);
    return even.x * fixed_pair(w.a & 0x0f0f0f0fu, w.b & 0x0f0f0f0fu, x, 0) - even.y * fixed_pair_sum(x, 0) +
           odd.x * fixed_pair((w.a >> 4) & 0x0f0f0f0fu, (w.b >> 4) & 0x0f0f0f0fu, x, 2) - odd.y * fixed_pair_sum(x, 2);
}
