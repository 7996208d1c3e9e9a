// Arguments of expert_route_gate_up and expert_route_gate_up_fixed, and what their
// kernels include.
#include "sync.glsl"
#include "same.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint EXPERTS = 1;
const uint FIXED = K, TILE = 48, WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
#include "fixed.glsl"
#include "scaled32.glsl"
#include "dot_unit.glsl"
#include "rows_dot.glsl"
#include "norm_take.glsl"
#include "route.glsl"

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t logits; uint64_t gate; uint64_t up; uint64_t ids; uint64_t weights; uint64_t y;
    uint k; uint n; uint experts; uint top_k; uint renormalize; float eps; float scale;
};
#include "sync_main.glsl"
#include "product.glsl"
#include "silu.glsl"
