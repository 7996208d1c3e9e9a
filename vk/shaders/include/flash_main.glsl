// The main of the flash kernels. Included after what multiplies.
#include "flash_run.glsl"

void main() {
    const uint h = gl_WorkGroupID.x, first_row = gl_WorkGroupID.y * FLASH_ROWS, active_rows = step.v[STEP_ROWS];
    if (first_row >= active_rows) return;
    const uint rows = min(FLASH_ROWS, active_rows - first_row);
    flash_queries(at(q, first_row + min(flash_row(), rows - 1), heads * D) + h * D * 4);
    flash_rows(first_row, rows, h / (heads / kv_heads) * D);
    flash_out(rows);
}
