// Products of two weight rows with up to eight rows of activations: each weight
// is decoded once. Included after gemv/product.glsl.
const uint ROWS = 8;

// The lane's sums, row after row. In shared memory because a loop over as many
// rows as there are can index it; nothing passes between invocations.
shared vec2 row_sums[ROWS * gl_WorkGroupSize.x];

uint row_sum(uint r) { return r * gl_WorkGroupSize.x + gl_LocalInvocationID.x; }

// product_rows leaves in row_sums what product2 returns for row r of x, r < rows.
void product_rows(uint64_t a, uint64_t b, uint64_t x, uint k, uint rows) {
    const uint lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x, whole = runs(k);
    for (uint r = 0; r < rows; r++) row_sums[row_sum(r)] = vec2(0);
    for (uint i = lane * 8; i < whole; i += lanes * 8) {
        vec4 al, ah, bl, bh;
        decode8(a, i, al, ah);
        decode8(b, i, bl, bh);
        for (uint r = 0; r < rows; r++) {
            F32x4 xv = F32x4(at(x, r, k));
            const vec4 xl = xv.v[i >> 2], xh = xv.v[(i >> 2) + 1];
            const vec2 s = row_sums[row_sum(r)];
            row_sums[row_sum(r)] = vec2(fma8(al, ah, xl, xh, s.x), fma8(bl, bh, xl, xh, s.y));
        }
    }
    for (uint i = whole + lane; i < k; i += lanes) {
        const vec2 w = vec2(decode1(a, i), decode1(b, i));
        for (uint r = 0; r < rows; r++)
            row_sums[row_sum(r)] = fma(w, vec2(F32(at(x, r, k)).v[i]), row_sums[row_sum(r)]);
    }
}
