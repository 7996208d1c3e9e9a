// kv_settle makes of a run in head what a cache of halves keeps of it.
void kv_settle(uint h) {
    [[unroll]] for (uint j = 0; j < KV_RUN; j++) head[h + j] = half_float(to_half(head[h + j]));
}
