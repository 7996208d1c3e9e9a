// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of argmax_partial: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t logits; uint64_t partials;
    uint n;
};
