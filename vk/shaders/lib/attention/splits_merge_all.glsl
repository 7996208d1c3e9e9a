// The last step of attention_splitkv. Included after the push constants.

// merge adds up the parts of all splits.
void merge(uint64_t parts, uint stride, uint splits, uint64_t out_row, uint group) {
    Part all = Part(parts);
    for (uint i = gl_LocalInvocationID.x; i < group * head_dim; i += gl_WorkGroupSize.x) {
        const uint h = i / head_dim, at_top = group * head_dim + h;
        float top = NOTHING, sum = 0, a = 0;
        for (uint s = 0; s < splits; s++) top = max(top, all.v[s * stride + at_top]);
        for (uint s = 0; s < splits; s++) {
            const float e = exp(all.v[s * stride + at_top] - top);
            sum += e * all.v[s * stride + at_top + group];
            a += e * all.v[s * stride + i];
        }
        OutF32(out_row).v[i] = a / sum;
    }
}
