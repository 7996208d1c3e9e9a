// few_take brings rows into shared memory as fixed point, each from the address
// that few_from gives. Included after rows_few.glsl.
uint64_t few_from(uint r);

// Eight elements of a row, loaded ahead.
struct Ahead { vec4 a, b; };

Ahead few_ahead(uint i, uint rows) {
    i = min(i, rows * (K / 8) - 1);
    const uint64_t row = few_from(i / (K / 8));
    i %= K / 8;
    return Ahead(Act4(row).v[2 * i], Act4(row).v[2 * i + 1]);
}

void few_take(uint rows) {
    Ahead next = few_ahead(gl_LocalInvocationID.x, rows);
    for (uint i = gl_LocalInvocationID.x; i < rows * (K / 8); i += gl_WorkGroupSize.x) {
        const Ahead now = next;
        next = few_ahead(i + gl_WorkGroupSize.x, rows);
        fixed_put(i, now.a, now.b);
    }
}
