// The main of the matvec kernels for many rows. Included after what multiplies.
#include "matrix_run.glsl"

void main() {
    const uint active_rows = step.v[count];
    first_row = gl_WorkGroupID.y * MATRIX_ROWS;
    first_out = gl_WorkGroupID.x * MATRIX_OUTS;
    if (first_row >= active_rows) return;
    const uint rows = min(MATRIX_ROWS, active_rows - first_row);
    for (uint i = gl_LocalInvocationID.x; i < MATRIX_ROWS; i += gl_WorkGroupSize.x) source[i] = first_row + min(i, rows - 1);
    barrier();
    matrix_product(weight_row(w, min(first_out + gl_LocalInvocationID.x, n - 1), k), x, k, rows);
    matrix_each(rows);
}
