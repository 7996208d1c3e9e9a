// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of gather: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t y;
    uint n;
};
