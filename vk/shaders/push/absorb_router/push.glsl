// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of absorb_router: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_w
#define PUSH_w uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; PUSH_w w; uint64_t norm; uint64_t o; uint64_t fold;
    uint k; uint n; uint experts;
};
