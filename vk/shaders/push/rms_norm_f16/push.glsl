// Written by vk/shaders/gen. Do not edit.
// The arguments and parameters of rms_norm_f16: see its row in package graph.
#ifndef SYNC
#define SYNC
#endif
#ifndef PUSH_w
#define PUSH_w uint64_t
#endif
layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; PUSH_w w; uint64_t y; uint64_t y_f16;
    uint n; uint rows_at; float eps;
};
