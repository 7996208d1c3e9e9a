// Products of BLOCK_OUTS weight rows, owned by one invocation, with BLOCK_ROWS
// rows of activations: each weight is decoded once for all of them, and each
// activation loaded once. The order of a sum depends on k alone. Included after
// gemv/product.glsl.
const uint BLOCK_OUTS = 4, BLOCK_ROWS = 8;

vec4 block_sums[BLOCK_ROWS]; // of each row the four outputs

// block_products multiplies rows w with rows x, all of k elements.
void block_products(uint64_t w[BLOCK_OUTS], uint64_t x[BLOCK_ROWS], uint k) {
    const uint whole = runs(k);
    [[unroll]] for (uint r = 0; r < BLOCK_ROWS; r++) block_sums[r] = vec4(0);
    for (uint i = 0; i < whole; i += 8) {
        vec4 lo[BLOCK_OUTS], hi[BLOCK_OUTS];
        [[unroll]] for (uint o = 0; o < BLOCK_OUTS; o++) decode8(w[o], i, lo[o], hi[o]);
        [[unroll]] for (uint r = 0; r < BLOCK_ROWS; r++) {
            const vec4 a = F32x4(x[r]).v[i >> 2], b = F32x4(x[r]).v[(i >> 2) + 1];
            [[unroll]] for (uint o = 0; o < BLOCK_OUTS; o++) block_sums[r][o] = fma8(lo[o], hi[o], a, b, block_sums[r][o]);
        }
    }
    for (uint i = whole; i < k; i++) {
        vec4 v;
        [[unroll]] for (uint o = 0; o < BLOCK_OUTS; o++) v[o] = decode1(w[o], i);
        [[unroll]] for (uint r = 0; r < BLOCK_ROWS; r++) block_sums[r] = fma(v, vec4(F32(x[r]).v[i]), block_sums[r]);
    }
}

// block_rows is the weight rows o .. o + 3 of n that follow base.
void block_weights(uint64_t base, uint64_t first, uint o, uint n, uint k, out uint64_t w[BLOCK_OUTS]) {
    [[unroll]] for (uint i = 0; i < BLOCK_OUTS; i++) w[i] = weight_row(base, first + min(o + i, n - 1), k);
}
