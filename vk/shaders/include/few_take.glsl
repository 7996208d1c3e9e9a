// few_take brings rows into shared memory as fixed point, each from the address
// that few_from gives. Included after rows_few.glsl.
#include "few_ahead.glsl"

void few_take(uint rows) {
    Ahead next = few_ahead(gl_LocalInvocationID.x, rows);
    for (uint i = gl_LocalInvocationID.x; i < rows * (K / 8); i += gl_WorkGroupSize.x) {
        const Ahead now = next;
        next = few_ahead(i + gl_WorkGroupSize.x, rows);
        fixed_put(i, now.a, now.b);
    }
}
