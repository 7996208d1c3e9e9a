// What the expert_matmul_swiglu kernels take. They differ in how
// activations lie in memory and in what multiplies, which they include between
// expert_swiglu_args, expert_matmul_put and expert_swiglu_main.
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"
#include "halves.glsl"

#define PUSH_groups U32
#include "push.glsl"
#include "groups.glsl"

