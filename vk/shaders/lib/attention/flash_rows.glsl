// flash_rows takes the tile's rows, a run of one sequence at a time: of a long
// prompt that is all of them.
void flash_rows(uint rows, uint first) {
    row_top = NOTHING;
    row_sum = 0;
    const uint i = gl_LocalInvocationID.x, mine = first_row + min(i / share, rows - 1), queries = rows * share;
    uint position = 0;
    if (i < FLASH_ROWS) {
        position = step_row(step, mine, ROW_POSITION);
        row_pages[i] = step_row(step, mine, ROW_PAGES);
        row_end[i] = position + 1;
    }
    barrier();
    for (uint r = 0; r < queries;) {
        uint end = r, last = 0;
        while (end < queries && row_pages[end] == row_pages[r]) last = max(last, row_end[end++]);
        const uint pages = row_pages[r];
        barrier();
        if (i < FLASH_ROWS) row_end[i] = i >= r && i < end ? position + 1 : 0; // of this run's rows
        barrier();
        flash_run(pages, last, first);
        barrier();
        if (i < FLASH_ROWS) row_end[i] = position + 1;
        barrier();
        r = end;
    }
}
