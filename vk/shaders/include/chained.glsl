// Rows of a step that are of one sequence. Included after cache.glsl, same.glsl and the
// push constants.

// chained is the next of the step's rows, from row on, that is one of positions first
// .. last - 1 of a sequence with these pages, or the number of rows: such a row's
// place in the cache is the same by either's pages, and no other sequence has it.
uint chained(uint row, uint pages, uint first, uint last) {
    const uint rows = step.v[STEP_ROWS];
    [[dont_unroll]] for (; row < rows; row += SUB) {
        bool found = false;
        if (row + lane() < rows) {
            const uint p = step_row(step, row + lane(), ROW_POSITION);
            if (p >= first && p < last)
                found = cache_index(step, step_row(step, row + lane(), ROW_PAGES), p, PAGE) == cache_index(step, pages, p, PAGE);
        }
        const uvec4 which = subgroupBallot(found);
        if (which.x != 0) return same(row + findLSB(which.x));
    }
    return rows;
}
