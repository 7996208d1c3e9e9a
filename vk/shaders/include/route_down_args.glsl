// Arguments of expert_route_down and expert_route_down_fixed, and what their kernels
// include but for the products.
#include "sync.glsl"
#include "same.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint EXPERTS = 1;
layout(constant_id = 3) const uint TOP_K = 1;
const uint FIXED = K * TOP_K, TILE = 16, AHEAD = 3, WARPS = 16, SUB = gl_WorkGroupSize.x / WARPS, ROW_UNITS = K / 64;
#include "fixed.glsl"
#include "route.glsl"

#include "push.glsl"
#include "sync_main.glsl"
#include "product.glsl"
