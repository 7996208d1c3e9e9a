// What the expert_matmul kernels take. They differ in how
// activations lie in memory and in what multiplies, which they include between
// expert_matmul_args, _put and _main.
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"
#include "halves.glsl"

#define PUSH_groups U32
#include "push.glsl"
#include "groups.glsl"

