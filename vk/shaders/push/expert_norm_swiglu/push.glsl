// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of expert_norm_swiglu: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_groups
#define PUSH_groups uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t gate; uint64_t up; PUSH_groups groups; uint64_t y;
    uint k; uint n; uint tiles; uint share; float eps;
};
