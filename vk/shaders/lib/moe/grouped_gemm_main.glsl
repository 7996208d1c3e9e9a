// The main of the grouped_gemm kernels. Included after what multiplies.
#include "gemm/tile_run.glsl"
uint expert;

uint64_t matrix_weights(uint o) { return weight_row(w, uint64_t(expert) * n + min(first_out + o, n - 1), k); }
#define EXPERT_OUTS TILE_N
#include "moe/grouped_tiles.glsl"
