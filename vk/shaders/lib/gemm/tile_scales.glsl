// What is done where activations that are floats go beyond what halves hold. Included
// after act/tile_f32.glsl, with source[] telling which row of x each of the ROWS is.
// matrix_scales finds for each row the power of two that brings its largest
// element below 2^15.
void matrix_scales(uint64_t x, uint k) {
    for (uint i = gl_LocalInvocationID.x; i < ROWS; i += gl_WorkGroupSize.x) {
        F32x4 row = F32x4(at(x, source[i], k));
        vec4 top = vec4(0);
        for (uint j = 0; j < k / 4; j++) top = max(top, abs(row.v[j]));
        const float most = max(max(top.x, top.y), max(top.z, top.w));
        int e;
        frexp(most, e);
        x_scale[i] = most > 32768.0 && most < 1e38 ? ldexp(1.0, 15 - e) : 1.0;
    }
}

// matrix_again tells whether a first attempt met a number that no half holds,
// and if so, scales the rows.
bool matrix_again(uint64_t x, uint k, uint attempt) {
    if (x_top > 65504.0) overflow = 1;
    barrier();
    if (overflow == 0 || attempt > 0) return false;
    matrix_scales(x, k);
    barrier();
    return true;
}
