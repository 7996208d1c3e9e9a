// What the expert_matmul_swiglu kernels take. They differ in how
// activations lie in memory and in what multiplies, which they include between
// expert_swiglu_args, expert_matmul_put and expert_swiglu_main.
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"
#include "halves.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t gate; uint64_t up; uint64_t x; U32 groups; uint64_t y;
    uint k; uint n; uint tiles; uint share;
};
#include "groups.glsl"

