// A unit of Q6_K taken apart, to be multiplied with several rows.
struct Weight { uvec4 part[4]; vec4 scale; };

Weight unit_open(Unit w, uint u) {
    Weight v;
    v.part[0] = (w.a & 0x0f0f0f0fu) | (w.high << 4 & 0x30303030u);
    v.part[1] = (w.b & 0x0f0f0f0fu) | (w.high << 2 & 0x30303030u);
    v.part[2] = (w.a >> 4 & 0x0f0f0f0fu) | (w.high & 0x30303030u);
    v.part[3] = (w.b >> 4 & 0x0f0f0f0fu) | (w.high >> 2 & 0x30303030u);
    const uvec2 s = w.scales >> (8 * (u & 1)); // the even or the odd bytes
    v.scale = half_float(w.d) * vec4(ivec4(s.x << 24, s.x << 8, s.y << 24, s.y << 8) >> 24);
    return v;
}

// weight_dot multiplies an open unit with unit x of the fixed-point activations.
float weight_dot(Weight w, uint x) {
    const ivec4 dots = ivec4(q16_dot(w.part[0], x, 0), q16_dot(w.part[1], x, 1),
                             q16_dot(w.part[2], x, 2), q16_dot(w.part[3], x, 3)) - 32 * q16_sum[x];
    const vec4 p = q16_scale[x] * w.scale * vec4(dots);
    return p.x + p.y + p.z + p.w;
}
