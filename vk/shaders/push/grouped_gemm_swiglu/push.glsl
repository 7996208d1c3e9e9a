// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of grouped_gemm_swiglu: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_groups
#define PUSH_groups uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t gate; uint64_t up; uint64_t x; PUSH_groups groups; uint64_t y;
    uint k; uint n; uint tiles; uint share;
};
