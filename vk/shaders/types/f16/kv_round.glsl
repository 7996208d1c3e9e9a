// kv_rounded makes of head[h] on, D elements from element i of a cache row on, what a cache
// of halves keeps of them, and stores them there if it stores. ROLLED_LOOP is how the
// kernel wants the loop: for, or for that is not unrolled.
void kv_rounded(uint64_t row, uint i, uint h, bool stores) {
    ROLLED_LOOP (uint e = lane() * KV_RUN; e < D; e += SUB * KV_RUN) {
        if (stores) kv_store(row, i + e, h + e);
        [[unroll]] for (uint j = 0; j < KV_RUN; j++) head[h + e + j] = half_float(to_half(head[h + e + j]));
    }
}
