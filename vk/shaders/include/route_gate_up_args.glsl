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

#include "push.glsl"
#include "sync_main.glsl"
#include "product.glsl"
#include "silu.glsl"
