// Where the products of the matvec kernels for many rows go. Included after the activations.
#include "matrix.glsl"

uint first_row, first_out;

void put(uint row, uint o, float v) {
    if (first_out + o >= n) return;
    if (res != 0) v += F32(at(res, first_row + row, n)).v[first_out + o];
    OutF32(at(y, first_row + row, n)).v[first_out + o] = v;
}
