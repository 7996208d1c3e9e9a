// q16_load brings Q16_N activations into shared memory as fixed point. What
// q16_prefetch loads goes ahead of the rest. Included after quantized.glsl.
const uint LOAD_MOST = 4, LOAD_STEPS = (Q16_N / 8 + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x, LOAD_PREFETCH = LOAD_STEPS < LOAD_MOST ? LOAD_STEPS : LOAD_MOST;
struct Taken { vec4 a[LOAD_MOST], b[LOAD_MOST]; };

Taken q16_prefetch(uint64_t row, uint first) {
    Taken t;
    [[unroll]] for (uint j = 0; j < LOAD_MOST; j++) {
        if (j >= LOAD_PREFETCH) break;
        const uint i = min(first + j * gl_WorkGroupSize.x + gl_LocalInvocationID.x, Q16_N / 8 - 1);
        t.a[j] = Act4(row).v[2 * i];
        t.b[j] = Act4(row).v[2 * i + 1];
    }
    return t;
}

void q16_load(uint64_t row, Taken t) {
    for (uint first = 0; first < Q16_N / 8; first += LOAD_PREFETCH * gl_WorkGroupSize.x) {
        if (first > 0) t = q16_prefetch(row, first);
        [[unroll]] for (uint j = 0; j < LOAD_MOST; j++) {
            if (j >= LOAD_PREFETCH) break;
            const uint i = first + j * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
            if (i < Q16_N / 8) q16_store(i, t.a[j], t.b[j]);
        }
    }
}
