// As scaled32.glsl, for activations with a scale for each sixteen.
float fixed_pair(uvec4 a, uvec4 b, uint x, uint p) {
    const vec4 scale = fixed_scale[x];
    return scale[p] * float(fixed_dot(a, x, p)) + scale[p + 1] * float(fixed_dot(b, x, p + 1));
}

float fixed_pair_sum(uint x, uint p) {
    const vec4 scale = fixed_scale[x];
    return scale[p] * float(fixed_sum[x][p]) + scale[p + 1] * float(fixed_sum[x][p + 1]);
}
