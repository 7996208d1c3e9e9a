// Where the products of the grouped_gemm kernels go. Included after the activations.
#include "gemm/tile_store.glsl"
const uint WIDTH = TILE_N;
uint first_out, first_assignment;

void matrix_out4(uint row, uint r, uint c) {
    store4(at(y, assignment_at(first_assignment + row), n), first_out + 4 * c, sums4(r, c) * unscale(row));
}
