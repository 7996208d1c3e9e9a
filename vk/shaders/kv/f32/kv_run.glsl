// Eight elements of a cache of floats as they lie there. kv_settle makes of a run
// in head what the cache keeps of it.
struct KVRun { vec4 lo, hi; };

KVRun kv_run(uint64_t row, uint i) { return KVRun(F32x4(row).v[i >> 2], F32x4(row).v[(i >> 2) + 1]); }

void kv_run_get(KVRun r, out vec4 lo, out vec4 hi) {
    lo = r.lo;
    hi = r.hi;
}

void kv_settle(uint h) {}
