// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of linear: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_w
#define PUSH_w uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; PUSH_w w; uint64_t x; uint64_t res; uint64_t y;
    uint k; uint n; uint rows_at;
};
