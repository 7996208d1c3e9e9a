// kv_rounded makes of head[h] on, D elements from element i of a cache row on, what a Q8_0
// cache keeps of them, and stores them there if it stores, as kv_store does. An
// invocation has four elements, eight invocations per block; D is at most four times the
// subgroup.
layout(buffer_reference, scalar, buffer_reference_align = 4) restrict writeonly buffer KVOut { uint v[]; };

void kv_rounded(uint64_t row, uint i, uint h, bool stores) {
    const uint e = 4 * lane(), from = h + min(e, D - 4);
    const vec4 x = vec4(head[from], head[from + 1], head[from + 2], head[from + 3]), a = abs(x);
    float largest = max(max(a.x, a.y), max(a.z, a.w));
    [[unroll]] for (uint m = 1; m < 8; m *= 2) largest = max(largest, subgroupShuffleXor(largest, m));
    const float d = largest / 127.0, inverse = d > 0 ? 1.0 / d : 0.0;
    const uint half_d = to_half(d);
    uint four = 0;
    [[unroll]] for (uint j = 0; j < 4; j++) four |= kv_round(x[j] * inverse) << 8 * j;
    if (e >= D) return;
    const vec4 kept = half_float(half_d) * signed4(four);
    [[unroll]] for (uint j = 0; j < 4; j++) head[from + j] = kept[j];
    if (!stores) return;
    KVOut(row).v[(i + e) >> 2] = four;
    if ((lane() & 7) == 0) OutU16(row + KV_WIDTH).v[(i + e) >> 5] = uint16_t(half_d);
}
