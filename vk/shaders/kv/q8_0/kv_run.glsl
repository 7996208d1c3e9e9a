// Eight elements of a Q8_0 cache as they lie there. kv_settle makes of a run in
// head what the cache keeps of it: see kv_store.
struct KVRun { uint lo, hi, d; };

KVRun kv_run(uint64_t row, uint i) {
    U16 p = U16(row);
    const uint b = (i >> 5) * 17, at = b + 1 + ((i & 31) >> 1);
    return KVRun(pair(p, at), pair(p, at + 2), uint(p.v[b]));
}

void kv_run_get(KVRun r, out vec4 lo, out vec4 hi) {
    lo = half_float(r.d) * signed4(r.lo);
    hi = half_float(r.d) * signed4(r.hi);
}

void kv_settle(uint h) {
    float largest = 0;
    for (uint j = 0; j < 32; j++) largest = max(largest, abs(head[h + j]));
    const float d = largest / 127.0, inverse = d > 0 ? 1.0 / d : 0.0, kept = half_float(to_half(d));
    for (uint j = 0; j < 32; j++) {
        const float v = head[h + j] * inverse;
        head[h + j] = kept * float(int(v + (v < 0 ? -0.5 : 0.5)));
    }
}
