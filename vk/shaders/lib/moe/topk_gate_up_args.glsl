// Arguments of topk_gate_up and topk_gate_up_q16, and what their
// kernels include.
#include "sync/sync.glsl"
#include "core/subgroup_uniform.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
layout(constant_id = 2) const uint EXPERTS = 1;
const uint Q16_N = K, TILE = 48, WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
#include "quantized.glsl"
#include "decode/scaled32.glsl"
#include "dot_unit.glsl"
#include "gemv/rows_dot.glsl"
#include "act/norm_load.glsl"
#include "moe/topk.glsl"

#include "push.glsl"
#include "sync/sync_main.glsl"
#include "gemv/product.glsl"
#include "moe/silu.glsl"
