// Arguments of the rope_attention kernels that wait by themselves. Included after
// sync.glsl.
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t q; uint64_t k; uint64_t v; uint64_t q_norm; uint64_t k_norm; F32 freqs;
    uint64_t k_cache; uint64_t v_cache; uint64_t part; uint64_t y;
    uint heads; uint kv_heads; uint head_dim; uint rope_dim; uint page_size; float eps;
};
#include "sync_main.glsl"
