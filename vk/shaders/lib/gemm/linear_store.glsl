// Where the products of the linear kernels for many rows go. Included after the activations.
#include "gemm/tile_store.glsl"
const uint WIDTH = TILE_N;
uint first_row, first_out;

void matrix_out4(uint row, uint r, uint c) {
    vec4 v = sums4(r, c) * unscale(row);
    if (res != 0) v += load4(at(res, first_row + row, n), first_out + 4 * c);
    store4(at(y, first_row + row, n), first_out + 4 * c, v);
}
