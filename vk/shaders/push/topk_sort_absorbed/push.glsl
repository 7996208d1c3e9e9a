// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of topk_sort_absorbed: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_ids
#define PUSH_ids uint64_t
#endif
#ifndef PUSH_weights
#define PUSH_weights uint64_t
#endif
#ifndef PUSH_groups
#define PUSH_groups uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t logits; uint64_t x; PUSH_ids ids; PUSH_weights weights; PUSH_groups groups;
    uint experts; uint top_k; float scale; uint tile; uint tiles; uint k; float eps;
};
