// What the grouped_gemm kernels take. They differ in how
// activations lie in memory and in what multiplies, which they include between
// expert_gemm/linear_args.glsl, linear_store.glsl and linear_main.glsl.
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "f16.glsl"

#define PUSH_groups U32
#include "push.glsl"
#include "moe/groups.glsl"

