// What the linear kernels for many rows take. They differ in how
// activations lie in memory and in what multiplies, which they include between
// gemm/linear_args.glsl, linear_store.glsl and linear_main.glsl.
#include "core/common.glsl"
#include "weight.glsl"
#include "gemv/product.glsl"
#include "f16.glsl"

#include "push.glsl"

