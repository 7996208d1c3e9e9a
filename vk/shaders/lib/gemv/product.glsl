// Products of weight rows and activations. An invocation takes runs of eight
// elements, the workgroup walks along k, and what is returned is the
// invocation's part of the sum, for group_sum2. The order of a sum depends on k
// and the workgroup's size alone, not on what else is computed beside it, so a
// row's result is the same in every batch.
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
    const uint lane = gl_LocalInvocationID.x, lanes = gl_WorkGroupSize.x, whole = runs(k);
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

shared vec2 group_part[1024 / 4]; // no subgroup is smaller than four

// group_sum2 adds up over the workgroup; every invocation must call it.
vec2 group_sum2(vec2 v) {
    v = subgroupAdd(v);
    if (gl_NumSubgroups == 1) return v;
    barrier();
    if (gl_SubgroupInvocationID == 0) group_part[gl_SubgroupID] = v;
    barrier();
    v = vec2(0);
    for (uint i = 0; i < gl_NumSubgroups; i++) v += group_part[i];
    return v;
}
