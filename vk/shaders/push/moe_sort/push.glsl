// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of moe_sort: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_ids
#define PUSH_ids uint64_t
#endif
#ifndef PUSH_groups
#define PUSH_groups uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; PUSH_ids ids; PUSH_groups groups;
    uint experts; uint top_k; uint tile; uint tiles;
};
