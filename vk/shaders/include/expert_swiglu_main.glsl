// The main of the expert_matmul_swiglu kernels. Included after what multiplies.
#include "matrix_run.glsl"

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
    const Tile tile = tile_at(gl_WorkGroupID.y);
    first_out = gl_WorkGroupID.x * WIDTH;
    first_place = tile.first;
    for (uint i = gl_LocalInvocationID.x; i < ROWS; i += gl_WorkGroupSize.x) source[i] = place_at(tile.first + min(i, tile.count - 1)) / share;
    barrier();
    const uint o = min(first_out + matrix_out() % WIDTH, n - 1);
    matrix_tile(weight_row(matrix_out() < WIDTH ? gate : up, uint64_t(tile.expert) * n + o, k), x, k, tile.count);
}
