// What the expert_matmul kernels take. They differ in how
// activations lie in memory and in what multiplies, which they include between
// expert_matmul_args, _put and _main.
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"
#include "halves.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t w; uint64_t x; U32 groups; uint64_t y;
    uint k; uint n; uint tiles; uint share;
};
#include "groups.glsl"

