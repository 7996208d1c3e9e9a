// Products with two neighbouring parts of a unit, whose 32 activations have one
// scale. Included after quantized.glsl.
float q16_pair(uvec4 a, uvec4 b, uint x, uint p) { return q16_scale[x][p] * float(q16_dot(a, x, p) + q16_dot(b, x, p + 1)); }

// q16_pair_sum is the sum of the 32 activations.
float q16_pair_sum(uint x, uint p) { return q16_scale[x][p] * float(q16_sum[x][p] + q16_sum[x][p + 1]); }
