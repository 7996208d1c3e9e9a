// The end of attention_few. Included after attention_join.glsl.

// put leaves the slot's part, and joins all if it is the last.
void put(uint r, uint g, uint slot, uint slots, uint64_t out_row) {
    const uint stride = GROUP * (D + 2), lane = gl_LocalInvocationID.x;
    const uint64_t parts = part + uint64_t((r * KV_HEADS + g) * 32) * stride * 4;
    for (uint i = lane; i < GROUP * D; i += gl_WorkGroupSize.x) {
        if (slots == 1)
            PutF32(out_row).v[i] = sums[i / 4][i & 3] / total[i / D];
        else
            Part(parts).v[slot * stride + i] = sums[i / 4][i & 3];
    }
    if (slots == 1) return;
    for (uint h = lane; h < GROUP; h += gl_WorkGroupSize.x) {
        Part(parts).v[slot * stride + GROUP * D + h] = largest[h];
        Part(parts).v[slot * stride + GROUP * D + GROUP + h] = total[h];
    }
    memoryBarrierBuffer();
    barrier();
    if (lane == 0) finished = atomicAdd(done.v[r * KV_HEADS + g], 1);
    barrier();
    if (finished != slots - 1) return;
    memoryBarrierBuffer();
    join(parts, stride, slots, out_row, GROUP);
    if (lane == 0) done.v[r * KV_HEADS + g] = 0;
}
