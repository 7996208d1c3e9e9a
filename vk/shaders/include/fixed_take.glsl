// fixed_take brings FIXED activations into shared memory as fixed point. What
// fixed_ahead loads goes ahead of the rest. Included after fixed.glsl.
const uint TAKE_MOST = 4, TAKES = (FIXED / 8 + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x, TAKE_AHEAD = TAKES < TAKE_MOST ? TAKES : TAKE_MOST;
struct Taken { vec4 a[TAKE_MOST], b[TAKE_MOST]; };

Taken fixed_ahead(uint64_t row, uint first) {
    Taken t;
    [[unroll]] for (uint j = 0; j < TAKE_MOST; j++) {
        if (j >= TAKE_AHEAD) break;
        const uint i = min(first + j * gl_WorkGroupSize.x + gl_LocalInvocationID.x, FIXED / 8 - 1);
        t.a[j] = Act4(row).v[2 * i];
        t.b[j] = Act4(row).v[2 * i + 1];
    }
    return t;
}

void fixed_take(uint64_t row, Taken t) {
    for (uint first = 0; first < FIXED / 8; first += TAKE_AHEAD * gl_WorkGroupSize.x) {
        if (first > 0) t = fixed_ahead(row, first);
        [[unroll]] for (uint j = 0; j < TAKE_MOST; j++) {
            if (j >= TAKE_AHEAD) break;
            const uint i = first + j * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
            if (i < FIXED / 8) fixed_put(i, t.a[j], t.b[j]);
        }
    }
}
