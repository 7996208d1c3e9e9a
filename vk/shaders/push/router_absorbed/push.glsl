// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of router_absorbed: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_w
#define PUSH_w uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; PUSH_w w; uint64_t a; uint64_t fold; uint64_t y;
    uint k; uint n; uint j;
};
