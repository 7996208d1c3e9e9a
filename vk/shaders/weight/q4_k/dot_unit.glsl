// unit_dot multiplies a unit with unit x of the fixed-point activations.
float unit_dot(Unit w, uint u, uint x) {
    const vec2 even = scale_min(w.head, 2 * (u & 3)), odd = scale_min(w.head, 2 * (u & 3) + 1);
    const ivec2 sum = ivec2(fixed_dot(w.a & 0x0f0f0f0fu, x, 0) + fixed_dot(w.b & 0x0f0f0f0fu, x, 1),
                            fixed_dot((w.a >> 4) & 0x0f0f0f0fu, x, 2) + fixed_dot((w.b >> 4) & 0x0f0f0f0fu, x, 3));
    const vec4 scale = fixed_scale[x];
    const ivec4 s = fixed_sum[x];
    return scale.x * (even.x * float(sum.x) - even.y * float(s.x + s.y)) +
           scale.z * (odd.x * float(sum.y) - odd.y * float(s.z + s.w));
}
