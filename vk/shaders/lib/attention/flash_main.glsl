// The main of the flash kernels. Included after flash_run.
#include "attention/flash_rows.glsl"

void main() {
    const uint h = gl_WorkGroupID.x, group = heads / kv_heads, active_rows = step.v[STEP_ROWS];
    share = FLASH_ROWS % group == 0 ? group : 1;
    first_head = h / share * share;
    // The tiles that have most positions to see go first, lest they keep all waiting.
    first_row = (gl_NumWorkGroups.y - 1 - gl_WorkGroupID.y) * FLASH_ROWS + h % share * (FLASH_ROWS / share);
    if (first_row >= active_rows) return;
    const uint rows = min(FLASH_ROWS / share, active_rows - first_row);
    flash_queries(at(q, first_row + min(flash_row() / share, rows - 1), heads * D) + (first_head + flash_row() % share) * D * 4);
    flash_rows(rows, h / group * D);
    flash_out(rows * share);
}
