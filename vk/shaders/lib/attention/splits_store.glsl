// The end of attention_splitkv_b2_64. Included after attention/splits_merge_all.glsl.

// store leaves the split's part, and joins all if it is the last.
void store(uint r, uint g, uint split, uint splits, uint64_t out_row) {
    const uint stride = GROUP * (D + 2), lane = gl_LocalInvocationID.x;
    const uint64_t parts = part + uint64_t((r * KV_HEADS + g) * 32) * stride * 4;
    for (uint i = lane; i < GROUP * D; i += gl_WorkGroupSize.x) {
        if (splits == 1)
            PutF32(out_row).v[i] = sums[i / 4][i & 3] / total[i / D];
        else
            Part(parts).v[split * stride + i] = sums[i / 4][i & 3];
    }
    if (splits == 1) return;
    for (uint h = lane; h < GROUP; h += gl_WorkGroupSize.x) {
        Part(parts).v[split * stride + GROUP * D + h] = largest[h];
        Part(parts).v[split * stride + GROUP * D + GROUP + h] = total[h];
    }
    memoryBarrierBuffer();
    barrier();
    if (lane == 0) finished = atomicAdd(done.v[r * KV_HEADS + g], 1);
    barrier();
    if (finished != splits - 1) return;
    memoryBarrierBuffer();
    merge(parts, stride, splits, out_row, GROUP);
    if (lane == 0) done.v[r * KV_HEADS + g] = 0;
}
