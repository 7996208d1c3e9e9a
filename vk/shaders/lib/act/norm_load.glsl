// Normalized activations as fixed point. The norm's factor, the same for a
// whole row, is left to be applied to the products. Included after quantized.glsl.

shared float norm_part[1024 / 4]; // no subgroup is smaller than four

// An invocation's first eight elements, loaded ahead.
struct Prefetch { vec4 a, b; };

Prefetch row_prefetch(uint64_t x) {
    const uint i = min(gl_LocalInvocationID.x, K / 8 - 1);
    return Prefetch(Act4(x).v[2 * i], Act4(x).v[2 * i + 1]);
}

// norm_prefetch asks for the norm's weights of an invocation's first eight elements, so
// that they are on their way from memory before x is there, and gives the first.
float norm_prefetch(uint64_t norm) { return F32(norm).v[8 * min(gl_LocalInvocationID.x, K / 8 - 1)]; }

// norm_load stores x * norm and leaves each subgroup's sum of squares.
void norm_load(uint64_t x, uint64_t norm, Prefetch next, float first) {
    F32x4 w = F32x4(norm);
    float sum = 0;
    if (K / 8 <= gl_WorkGroupSize.x) { // all at once, without a loop
        const uint i = gl_LocalInvocationID.x;
        if (K / 8 == gl_WorkGroupSize.x || i < K / 8) {
            sum = dot(next.a, next.a) + dot(next.b, next.b);
            q16_store(i, next.a * vec4(first, w.v[2 * i].yzw), next.b * w.v[2 * i + 1]);
        }
    } else for (uint i = gl_LocalInvocationID.x; i < K / 8; i += gl_WorkGroupSize.x) {
        const vec4 a = next.a, b = next.b, wa = w.v[2 * i], wb = w.v[2 * i + 1];
        const uint more = i + gl_WorkGroupSize.x;
        if (more < K / 8) next = Prefetch(Act4(x).v[2 * more], Act4(x).v[2 * more + 1]);
        sum += dot(a, a) + dot(b, b);
        q16_store(i, a * wa, b * wb);
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
