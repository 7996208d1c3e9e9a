// Products of weight rows and activations. A lane takes runs of eight elements,
// a subgroup walks along k, and what is returned is the lane's part of the sum.
// The order of a sum depends on k and the subgroup size alone, not on what else
// is computed beside it, so a row's result is the same in every batch.
// Included after the type's weight.glsl.

// weight_row is the address of row o of a tensor whose rows have k elements.
uint64_t weight_row(uint64_t base, uint64_t o, uint k) {
    return base + o * (k / WEIGHT_BLOCK * WEIGHT_BYTES);
}

// runs is the part of a row that is read in aligned runs of eight; where k is
// no multiple of eight rows are not aligned and everything goes one by one.
uint runs(uint k) { return (k & 7) == 0 ? k : 0; }

float fma8(vec4 wl, vec4 wh, vec4 xl, vec4 xh, float sum) {
    sum = fma(wl.x, xl.x, sum);
    sum = fma(wl.y, xl.y, sum);
    sum = fma(wl.z, xl.z, sum);
    sum = fma(wl.w, xl.w, sum);
    sum = fma(wh.x, xh.x, sum);
    sum = fma(wh.y, xh.y, sum);
    sum = fma(wh.z, xh.z, sum);
    return fma(wh.w, xh.w, sum);
}

// product2 multiplies two weight rows with one row of activations.
vec2 product2(uint64_t a, uint64_t b, uint64_t x, uint k) {
    const uint lane = gl_SubgroupInvocationID, lanes = gl_SubgroupSize, whole = runs(k);
    F32x4 xv = F32x4(x);
    vec2 sum = vec2(0);
    for (uint i = lane * 8; i < whole; i += lanes * 8) {
        const vec4 xl = xv.v[i >> 2], xh = xv.v[(i >> 2) + 1];
        vec4 wl, wh;
        decode8(a, i, wl, wh);
        sum.x = fma8(wl, wh, xl, xh, sum.x);
        decode8(b, i, wl, wh);
        sum.y = fma8(wl, wh, xl, xh, sum.y);
    }
    for (uint i = whole + lane; i < k; i += lanes) {
        const float xs = F32(x).v[i];
        sum = fma(vec2(decode1(a, i), decode1(b, i)), vec2(xs), sum);
    }
    return sum;
}
