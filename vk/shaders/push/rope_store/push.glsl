// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of rope_store: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_freqs
#define PUSH_freqs uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t q; uint64_t k; uint64_t v; uint64_t q_norm; uint64_t k_norm; PUSH_freqs freqs; uint64_t k_cache; uint64_t v_cache;
    uint heads; uint kv_heads; uint head_dim; uint rope_dim; uint page_size; float eps;
};
