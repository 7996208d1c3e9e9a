// q16_copy brings Q16_N activations that are 16-bit fixed point already (see
// graph.StoreQ16) into shared memory. Included after quantized.glsl and sync/sync.glsl.
layout(buffer_reference, scalar, buffer_reference_align = 8) coherent readonly buffer ActU2 { uvec2 v[]; };

void q16_copy(uint64_t row) {
    const uint sixteens = Q16_N / 16;
    for (uint s = gl_LocalInvocationID.x; s < sixteens; s += gl_WorkGroupSize.x) {
        const uvec4 high = ActU4(row).v[s], low = ActU4(row).v[sixteens + s];
        const uvec2 rest = ActU2(row).v[4 * sixteens + s];
        const uint u = unit_of(s), part = part_of(s), at_part = part * PITCH + u;
        q16_high[at_part] = high;
        q16_low[at_part] = low;
        q16_scale[u][part] = uintBitsToFloat(rest.x);
        q16_sum[u][part] = int(rest.y);
    }
}
