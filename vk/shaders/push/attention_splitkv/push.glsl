// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of attention_splitkv: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_done
#define PUSH_done uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t q; uint64_t k_cache; uint64_t v_cache; uint64_t part; PUSH_done done; uint64_t y;
    uint heads; uint kv_heads; uint head_dim; uint page_size; float scale;
};
