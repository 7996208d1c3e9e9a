// Arguments of topk_down and topk_down_q16, and what their kernels
// include but for the products.
#include "sync/sync.glsl"
#include "core/subgroup_uniform.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint EXPERTS = 1;
layout(constant_id = 3) const uint TOP_K = 1;
const uint Q16_N = K * TOP_K, TILE = 16, PREFETCH = 3, WARPS = 16, SUB = gl_WorkGroupSize.x / WARPS, ROW_UNITS = K / 64;
#include "quantized.glsl"
#include "moe/topk.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "gemv/product.glsl"
