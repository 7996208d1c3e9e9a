// What the matvec kernels for many rows take. They differ in how
// activations lie in memory and in what multiplies, which they include between
// matmul_args, _put and _main.
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"
#include "halves.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t w; uint64_t x; uint64_t res; uint64_t y;
    uint k; uint n; uint count;
};

