// Activations in shared memory as 16-bit fixed point, for packed integer dot
// products: within each 32 elements x = scale * (256 * high + low), high and
// low signed bytes, |256 * high + low| <= 32512. So an element is off by at
// most the largest of its 32 divided by 65024.
//
// A unit is the 64 elements that an invocation multiplies at a time, in four
// parts of 16 (one vector of packed bytes each); which elements they are is the
// weight type's choice (unit_of, part_of in dot.glsl, of elements in sixteens).
// Part p of unit u lies at p * PITCH + u, so that neighbours read neighbours, and
// those that write a unit's parts write to different banks.
// Included after dot.glsl's unit_of and part_of, Q16_N being the number of
// elements, a multiple of 256.
const uint UNITS = Q16_N / 64, PITCH = UNITS + 2;
shared uvec4 q16_high[4 * PITCH];
shared uvec4 q16_low[4 * PITCH];
shared vec4 q16_scale[UNITS]; // of the four parts
shared ivec4 q16_sum[UNITS];  // the sum of each part's integers

// A float this large has steps of one, so that adding it rounds, to even, and
// leaves the integer in the low bits: in all 32 as the difference to these.
const float ROUND = 12582912.0;
const uint ROUND_BITS = 0x4b400000u;

uvec4 round_bits(vec4 x, float factor) { return floatBitsToUint(x * factor + ROUND); }

// parts4 packs four integers' high bytes, and their low ones less 128: 128 more
// than an integer is 256 * high + (low + 128).
uvec2 parts4(uvec4 bits) {
    bits += 128;
    const uint even = (bits.x & 0xffffu) | bits.z << 16, odd = (bits.y & 0xffffu) | bits.w << 16;
    return uvec2((even >> 8 & 0x00ff00ffu) | (odd & 0xff00ff00u), ((even & 0x00ff00ffu) | (odd << 8 & 0xff00ff00u)) ^ 0x80808080u);
}

// q16_step is the scale of elements whose largest magnitude is top.
float q16_step(float top) { return top > 1e-30 ? top * (1.0 / Q16_MAX) : 0.0; }
float q16_inverse(float top) { return top > 1e-30 ? Q16_MAX / top : 0.0; }

// q16_store stores elements 8 * run .. 8 * run + 7. Four neighbouring
// invocations must call it together, with neighbouring runs.
void q16_store(uint run, vec4 a, vec4 b) {
    const vec4 m = max(abs(a), abs(b));
    float top = max(max(m.x, m.y), max(m.z, m.w));
    top = max(top, subgroupShuffleXor(top, 1));
    top = max(top, subgroupShuffleXor(top, 2));
    const float inverse = q16_inverse(top);
    const uvec4 p = round_bits(a, inverse), q = round_bits(b, inverse), both = p + q;
    int sum = int(both.x + both.y + both.z + both.w - 8 * ROUND_BITS);
    sum += subgroupShuffleXor(sum, 1);
    const uvec2 first = parts4(p), second = parts4(q);
    const uint s = run >> 1, u = unit_of(s), part = part_of(s), at_part = part * PITCH + u;
    const uvec2 high = uvec2(first.x, second.x), low = uvec2(first.y, second.y);
    if ((run & 1) == 0) {
        q16_high[at_part].xy = high;
        q16_low[at_part].xy = low;
        q16_scale[u][part] = q16_step(top);
        q16_sum[u][part] = sum;
    } else {
        q16_high[at_part].zw = high;
        q16_low[at_part].zw = low;
    }
}

int dot16(uvec4 w, uvec4 x, int sum) {
    sum += dotPacked4x8EXT(w.x, int(x.x));
    sum += dotPacked4x8EXT(w.y, int(x.y));
    sum += dotPacked4x8EXT(w.z, int(x.z));
    return sum + dotPacked4x8EXT(w.w, int(x.w));
}

// q16_dot multiplies sixteen bytes, not signed, with part p of unit u; the sum is
// exact: sixteen times 255 * 32512 at most.
int q16_dot(uvec4 w, uint u, uint p) {
    return 256 * dot16(w, q16_high[p * PITCH + u], 0) + dot16(w, q16_low[p * PITCH + u], 0);
}
