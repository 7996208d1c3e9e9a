// fixed_take brings FIXED activations into shared memory as fixed point. The
// loads go ahead of the rest, which waits for them. Included after fixed.glsl.
const uint TAKE_RUNS = (FIXED / 8 + gl_WorkGroupSize.x - 1) / gl_WorkGroupSize.x;
const uint TAKE_AHEAD = TAKE_RUNS < 4 ? TAKE_RUNS : 4;

void fixed_take(uint64_t row) {
    Act4 v = Act4(row);
    for (uint first = 0; first < FIXED / 8; first += TAKE_AHEAD * gl_WorkGroupSize.x) {
        vec4 a[TAKE_AHEAD], b[TAKE_AHEAD];
        [[unroll]] for (uint j = 0; j < TAKE_AHEAD; j++) {
            const uint i = min(first + j * gl_WorkGroupSize.x + gl_LocalInvocationID.x, FIXED / 8 - 1);
            a[j] = v.v[2 * i];
            b[j] = v.v[2 * i + 1];
        }
        [[unroll]] for (uint j = 0; j < TAKE_AHEAD; j++) {
            const uint i = first + j * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
            if (i < FIXED / 8) fixed_put(i, a[j], b[j]);
        }
    }
}
