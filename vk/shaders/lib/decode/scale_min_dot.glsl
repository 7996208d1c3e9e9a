// weight_dot multiplies an open unit of Q4_K or Q5_K with unit x of the
// fixed-point activations.
float weight_dot(Weight w, uint x) {
    const ivec2 sum = ivec2(q16_dot(w.part[0], x, 0) + q16_dot(w.part[1], x, 1),
                            q16_dot(w.part[2], x, 2) + q16_dot(w.part[3], x, 3));
    const vec4 scale = q16_scale[x];
    const ivec4 s = q16_sum[x];
    return scale.x * (w.even.x * float(sum.x) - w.even.y * float(s.x + s.y)) +
           scale.z * (w.odd.x * float(sum.y) - w.odd.y * float(s.z + s.w));
}
