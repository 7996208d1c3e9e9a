// Where the products of experts go, of expert_matmul and expert_matmul_swiglu.
// Included after the activations.
#include "matrix.glsl"

uint first_out, first_place;

void put(uint row, uint o, float v) {
    if (first_out + o < n) OutF32(at(y, place_at(first_place + row), n)).v[first_out + o] = v;
}
