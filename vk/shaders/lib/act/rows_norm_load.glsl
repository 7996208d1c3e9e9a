// rows_load as in act/rows_load.glsl, of rows times norm; a row's factor, 1 / rms, is
// left to be applied to its products.
const uint PART = SUB < 32 ? SUB : 32; // invocations that have one row
shared float rows_squares[BATCH * (K / 8 / PART)]; // their sums

#include "act/rows_prefetch.glsl"

void rows_load(uint rows, uint64_t norm) {
    Prefetch next = rows_prefetch(gl_LocalInvocationID.x, rows);
    for (uint i = gl_LocalInvocationID.x; i < rows * (K / 8); i += gl_WorkGroupSize.x) {
        const Prefetch now = next;
        next = rows_prefetch(i + gl_WorkGroupSize.x, rows);
        const uint e = 2 * (i % (K / 8));
        float sum = dot(now.a, now.a) + dot(now.b, now.b);
        [[unroll]] for (uint mask = PART / 2; mask > 0; mask /= 2) sum += subgroupShuffleXor(sum, mask);
        if (i % PART == 0) rows_squares[i / PART] = sum;
        q16_store(i, now.a * F32x4(norm).v[e], now.b * F32x4(norm).v[e + 1]);
    }
}

// rows_factor is a row's 1 / rms, after a barrier.
float rows_factor(uint r, float eps) {
    float sum = 0;
    for (uint i = 0; i < K / 8 / PART; i++) sum += rows_squares[r * (K / 8 / PART) + i];
    return 1.0 / sqrt(sum / float(K) + eps);
}
