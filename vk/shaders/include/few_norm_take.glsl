// few_take as in few_take.glsl, of rows times norm; a row's factor, 1 / rms, is
// left to be applied to its products.
const uint PART = SUB < 32 ? SUB : 32; // invocations that have one row
shared float few_squares[FEW * (K / 8 / PART)]; // their sums

#include "few_ahead.glsl"

void few_take(uint rows, uint64_t norm) {
    Ahead next = few_ahead(gl_LocalInvocationID.x, rows);
    for (uint i = gl_LocalInvocationID.x; i < rows * (K / 8); i += gl_WorkGroupSize.x) {
        const Ahead now = next;
        next = few_ahead(i + gl_WorkGroupSize.x, rows);
        const uint e = 2 * (i % (K / 8));
        float sum = dot(now.a, now.a) + dot(now.b, now.b);
        [[unroll]] for (uint mask = PART / 2; mask > 0; mask /= 2) sum += subgroupShuffleXor(sum, mask);
        if (i % PART == 0) few_squares[i / PART] = sum;
        fixed_put(i, now.a * F32x4(norm).v[e], now.b * F32x4(norm).v[e + 1]);
    }
}

// few_factor is a row's 1 / rms, after a barrier.
float few_factor(uint r, float eps) {
    float sum = 0;
    for (uint i = 0; i < K / 8 / PART; i++) sum += few_squares[r * (K / 8 / PART) + i];
    return 1.0 / sqrt(sum / float(K) + eps);
}
