// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of sample_draw: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_sampling
#define PUSH_sampling uint64_t
#endif
#ifndef PUSH_sampled
#define PUSH_sampled uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; PUSH_sampling sampling; uint64_t mask; uint64_t logits; uint64_t partials; uint64_t recent; PUSH_sampled sampled; uint64_t probs;
    uint n;
};
