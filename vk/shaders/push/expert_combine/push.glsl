// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of expert_combine: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_weights
#define PUSH_weights uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; PUSH_weights weights; uint64_t res; uint64_t y;
    uint n; uint top_k;
};
