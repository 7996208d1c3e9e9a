// The main of the expert_matmul kernels. Included after what multiplies.
#include "matrix_run.glsl"
uint expert;

uint64_t matrix_weights(uint o) { return weight_row(w, uint64_t(expert) * n + min(first_out + o, n - 1), k); }
#define EXPERT_OUTS OUTS
#include "expert_tiles.glsl"
