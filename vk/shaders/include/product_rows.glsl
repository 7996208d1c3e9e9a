// Products of two weight rows with up to eight rows of activations: each weight
// is decoded once. Included after product.glsl.
const uint ROWS = 8;

// product_rows adds to sum[r] what product2 returns for row r of x, for r < rows.
void product_rows(uint64_t a, uint64_t b, uint64_t x, uint k, uint rows, out vec2 sum[ROWS]) {
    const uint lane = gl_SubgroupInvocationID, lanes = gl_SubgroupSize, whole = runs(k);
    [[unroll]] for (uint r = 0; r < ROWS; r++) sum[r] = vec2(0);
    for (uint i = lane * 8; i < whole; i += lanes * 8) {
        vec4 al, ah, bl, bh;
        decode8(a, i, al, ah);
        decode8(b, i, bl, bh);
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            if (r < rows) {
                F32x4 xv = F32x4(at(x, r, k));
                const vec4 xl = xv.v[i >> 2], xh = xv.v[(i >> 2) + 1];
                sum[r].x = fma8(al, ah, xl, xh, sum[r].x);
                sum[r].y = fma8(bl, bh, xl, xh, sum[r].y);
            }
        }
    }
    for (uint i = whole + lane; i < k; i += lanes) {
        const vec2 w = vec2(decode1(a, i), decode1(b, i));
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            if (r < rows) sum[r] = fma(w, vec2(F32(at(x, r, k)).v[i]), sum[r]);
        }
    }
}
