// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of topk_grouped_swiglu: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t gate; uint64_t up; uint64_t logits; uint64_t y;
    uint k; uint n; uint experts; uint top_k; float eps;
};
