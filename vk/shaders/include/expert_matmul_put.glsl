// Where the products of the expert_matmul kernels go. Included after the activations.
#include "matrix_store.glsl"
const uint WIDTH = OUTS;
uint first_out, first_place;

void matrix_out4(uint row, uint r, uint c) {
    store4(at(y, place_at(first_place + row), n), first_out + 4 * c, sums4(r, c) * unscale(row));
}
