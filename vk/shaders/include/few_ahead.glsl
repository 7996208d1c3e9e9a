// The activations of few_take.glsl and few_norm_take.glsl, loaded ahead of their
// use: eight elements of a row, i counting eights of all rows. few_from is a row's
// address.
uint64_t few_from(uint r);

struct Ahead { vec4 a, b; };

Ahead few_ahead(uint i, uint rows) {
    i = min(i, rows * (K / 8) - 1);
    const uint64_t row = few_from(i / (K / 8));
    i %= K / 8;
    return Ahead(Act4(row).v[2 * i], Act4(row).v[2 * i + 1]);
}
