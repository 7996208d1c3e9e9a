// The activations of act/rows_load.glsl and act/rows_norm_load.glsl, loaded ahead of their
// use: eight elements of a row, i counting eights of all rows. rows_from is a row's
// address.
uint64_t rows_from(uint r);

struct Prefetch { vec4 a, b; };

Prefetch rows_prefetch(uint i, uint rows) {
    i = min(i, rows * (K / 8) - 1);
    const uint64_t row = rows_from(i / (K / 8));
    i %= K / 8;
    return Prefetch(Act4(row).v[2 * i], Act4(row).v[2 * i + 1]);
}
