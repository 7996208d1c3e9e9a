// Products with two neighbouring parts of a unit, whose 32 activations have one
// scale. Included after fixed.glsl.
float fixed_pair(uvec4 a, uvec4 b, uint x, uint p) { return fixed_scale[x][p] * float(fixed_dot(a, x, p) + fixed_dot(b, x, p + 1)); }

// fixed_pair_sum is the sum of the 32 activations.
float fixed_pair_sum(uint x, uint p) { return fixed_scale[x][p] * float(fixed_sum[x][p] + fixed_sum[x][p + 1]); }
