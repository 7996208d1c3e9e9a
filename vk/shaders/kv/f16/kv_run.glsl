// Eight elements of a cache of halves as they lie there. kv_settle makes of a run
// in head what the cache keeps of it.
struct KVRun { uvec4 v; };

KVRun kv_run(uint64_t row, uint i) { return KVRun(U32x4(row).v[i >> 3]); }

void kv_run_get(KVRun r, out vec4 lo, out vec4 hi) {
    lo = vec4(unpackHalf2x16(r.v.x), unpackHalf2x16(r.v.y));
    hi = vec4(unpackHalf2x16(r.v.z), unpackHalf2x16(r.v.w));
}

void kv_settle(uint h) {
    [[unroll]] for (uint j = 0; j < KV_RUN; j++) head[h + j] = half_float(to_half(head[h + j]));
}
