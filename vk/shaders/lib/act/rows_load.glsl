// rows_load brings rows into shared memory as fixed point, each from the address
// that rows_from gives. Included after gemv/rows_batch.glsl.
#include "act/rows_prefetch.glsl"

void rows_load(uint rows) {
    Prefetch next = rows_prefetch(gl_LocalInvocationID.x, rows);
    for (uint i = gl_LocalInvocationID.x; i < rows * (K / 8); i += gl_WorkGroupSize.x) {
        const Prefetch now = next;
        next = rows_prefetch(i + gl_WorkGroupSize.x, rows);
        q16_store(i, now.a, now.b);
    }
}
