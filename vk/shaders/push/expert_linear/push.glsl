// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of expert_linear: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_w
#define PUSH_w uint64_t
#endif
#ifndef PUSH_ids
#define PUSH_ids uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; PUSH_w w; uint64_t x; PUSH_ids ids; uint64_t y;
    uint k; uint n; uint top_k;
};
