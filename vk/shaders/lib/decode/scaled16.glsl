// As decode/scaled32.glsl, for activations with a scale for each sixteen.
float q16_pair(uvec4 a, uvec4 b, uint x, uint p) {
    const vec4 scale = q16_scale[x];
    return scale[p] * float(q16_dot(a, x, p)) + scale[p + 1] * float(q16_dot(b, x, p + 1));
}

float q16_pair_sum(uint x, uint p) {
    const vec4 scale = q16_scale[x];
    return scale[p] * float(q16_sum[x][p]) + scale[p + 1] * float(q16_sum[x][p + 1]);
}
