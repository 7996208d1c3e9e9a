// Where the products of the grouped_gemm_swiglu kernels go: the first half of
// the tile's outputs is gate's, the second up's. Included after the activations.
#include "gemm/tile_store.glsl"
const uint WIDTH = TILE_N / 2;
uint first_out, first_assignment;

void matrix_out4(uint row, uint r, uint c) {
    const vec4 gate = sums4(r, c) * unscale(row), up = sums4(r, c + WIDTH / 4) * unscale(row);
    store4(at(y, assignment_at(first_assignment + row), n), first_out + 4 * c, gate / (1.0 + exp(-gate)) * up);
}
