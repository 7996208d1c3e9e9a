// The main of the linear kernels for many rows. Included after what multiplies.
#include "gemm/tile_run.glsl"

uint64_t matrix_weights(uint o) { return weight_row(w, min(first_out + o, n - 1), k); }

void main() {
    const uint active_rows = step.v[rows_at];
    first_row = gl_WorkGroupID.y * ROWS;
    first_out = gl_WorkGroupID.x * TILE_N;
    if (first_row >= active_rows) return;
    const uint rows = min(ROWS, active_rows - first_row);
    for (uint i = gl_LocalInvocationID.x; i < ROWS; i += gl_WorkGroupSize.x) source[i] = first_row + min(i, rows - 1);
    barrier();
    matrix_tile(x, k, rows);
}
