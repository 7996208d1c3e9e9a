// What the grouped_gemm_swiglu kernels take. They differ in how
// activations lie in memory and in what multiplies, which they include between
// expert_swiglu_args, grouped_gemm_store and expert_swiglu_main.
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "f16.glsl"

#define PUSH_groups U32
#include "push.glsl"
#include "moe/groups.glsl"

