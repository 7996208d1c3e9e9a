// A kv cache of floats. kv_store writes a run of elements from head.
const uint KV_BLOCK = 1, KV_BYTES = 4, KV_RUN = 4;

layout(buffer_reference, scalar, buffer_reference_align = 16) restrict writeonly buffer KVOut { vec4 v[]; };

vec4 kv_load4(uint64_t row, uint i) { return F32x4(row).v[i >> 2]; }

void kv_load8(uint64_t row, uint i, out vec4 lo, out vec4 hi) {
    lo = kv_load4(row, i);
    hi = kv_load4(row, i + 4);
}

void kv_store(uint64_t row, uint i, uint h) {
    KVOut(row).v[i >> 2] = vec4(head[h], head[h + 1], head[h + 2], head[h + 3]);
}
