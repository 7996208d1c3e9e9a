// Normalized activations as fixed point. The norm's factor, the same for a
// whole row, is left to be applied to the products. Included after fixed.glsl.

shared float norm_part[1024 / 4]; // no subgroup is smaller than four

// norm_take stores x * norm and leaves each subgroup's sum of squares.
void norm_take(uint64_t x, uint64_t norm) {
    Act4 v = Act4(x);
    F32x4 w = F32x4(norm);
    float sum = 0;
    [[unroll]] for (uint i = gl_LocalInvocationID.x; i < K / 8; i += gl_WorkGroupSize.x) {
        const vec4 a = v.v[2 * i], b = v.v[2 * i + 1];
        sum += dot(a, a) + dot(b, b);
        fixed_put(i, a * w.v[2 * i], b * w.v[2 * i + 1]);
    }
    sum = subgroupAdd(sum);
    if (gl_SubgroupInvocationID == 0) norm_part[gl_SubgroupID] = sum;
}

// norm_factor is 1 / rms(x), after a barrier.
float norm_factor(float eps) {
    float sum = 0;
    for (uint i = 0; i < gl_NumSubgroups; i++) sum += norm_part[i];
    return 1.0 / sqrt(sum / float(K) + eps);
}
