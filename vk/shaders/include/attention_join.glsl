// The last step of attention_split. Included after the push constants.

// join adds up the parts of all slots.
void join(uint64_t parts, uint stride, uint slots, uint64_t out_row, uint group) {
    Part all = Part(parts);
    for (uint i = gl_LocalInvocationID.x; i < group * head_dim; i += gl_WorkGroupSize.x) {
        const uint h = i / head_dim, at_top = group * head_dim + h;
        float top = NOTHING, sum = 0, a = 0;
        for (uint s = 0; s < slots; s++) top = max(top, all.v[s * stride + at_top]);
        for (uint s = 0; s < slots; s++) {
            const float e = exp(all.v[s * stride + at_top] - top);
            sum += e * all.v[s * stride + at_top + group];
            a += e * all.v[s * stride + i];
        }
        OutF32(out_row).v[i] = a / sum;
    }
}
