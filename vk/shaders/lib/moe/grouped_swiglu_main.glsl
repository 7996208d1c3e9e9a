// The main of the grouped_gemm_swiglu kernels. Included after what multiplies.
#include "gemm/tile_run.glsl"
uint expert;

uint64_t matrix_weights(uint o) {
    return weight_row(o < WIDTH ? gate : up, uint64_t(expert) * n + min(first_out + o % WIDTH, n - 1), k);
}
#define EXPERT_OUTS WIDTH
#include "moe/grouped_tiles.glsl"
