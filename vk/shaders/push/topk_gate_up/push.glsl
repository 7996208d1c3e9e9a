// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of topk_gate_up: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_ids
#define PUSH_ids uint64_t
#endif
#ifndef PUSH_weights
#define PUSH_weights uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t logits; uint64_t gate; uint64_t up; PUSH_ids ids; PUSH_weights weights; uint64_t y;
    uint k; uint n; uint experts; uint top_k; uint renormalize; float eps; float scale;
};
