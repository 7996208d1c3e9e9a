// Activations in shared memory as 8-bit fixed point, for packed integer dot
// products: within each 32 elements x = scale * byte, |byte| <= 127, so an
// element is off by at most the largest of its 32 divided by 254. Layout and
// functions as in the quantized.glsl of q16.
const uint UNITS = Q16_N / 64, PITCH = UNITS + 2;
shared uvec4 q16_bytes[4 * PITCH];
shared vec4 q16_scale[UNITS]; // of the four parts
shared ivec4 q16_sum[UNITS];  // the sum of each part's integers

uint pack4(ivec4 b) { return uint(b.x & 255) | uint(b.y & 255) << 8 | uint(b.z & 255) << 16 | uint(b.w) << 24; }

// q16_store stores elements 8 * run .. 8 * run + 7. Four neighbouring
// invocations must call it together, with neighbouring runs.
void q16_store(uint run, vec4 a, vec4 b) {
    const vec4 m = max(abs(a), abs(b));
    float top = max(max(m.x, m.y), max(m.z, m.w));
    top = max(top, subgroupShuffleXor(top, 1));
    top = max(top, subgroupShuffleXor(top, 2));
    const float inverse = top > 1e-30 ? 127.0 / top : 0.0;
    const ivec4 p = ivec4(roundEven(a * inverse)), q = ivec4(roundEven(b * inverse));
    const ivec4 both = p + q;
    int sum = both.x + both.y + both.z + both.w;
    sum += subgroupShuffleXor(sum, 1);
    const uint s = run >> 1, u = unit_of(s), part = part_of(s), at_part = part * PITCH + u;
    const uvec2 bytes = uvec2(pack4(p), pack4(q));
    if ((run & 1) == 0) {
        q16_bytes[at_part].xy = bytes;
        q16_scale[u][part] = top > 1e-30 ? top / 127.0 : 0.0;
        q16_sum[u][part] = sum;
    } else {
        q16_bytes[at_part].zw = bytes;
    }
}

// q16_dot multiplies sixteen bytes, not signed, with part p of unit u, exactly.
int q16_dot(uvec4 w, uint u, uint p) {
    const uvec4 x = q16_bytes[p * PITCH + u];
    return dotPacked4x8EXT(w.x, int(x.x)) + dotPacked4x8EXT(w.y, int(x.y)) + dotPacked4x8EXT(w.z, int(x.z)) +
           dotPacked4x8EXT(w.w, int(x.w));
}
