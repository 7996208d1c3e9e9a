// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of argmax_final: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_sampled
#define PUSH_sampled uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t partials; PUSH_sampled sampled;
    uint n;
};
