// What the matvec kernels for many rows take. They differ in how
// activations lie in memory and in what multiplies, which they include between
// matmul_args, _put and _main.
#include "common.glsl"
#include "weight.glsl"
#include "product.glsl"
#include "halves.glsl"

#include "push.glsl"

