// Grouped products tile by tile, of EXPERT_OUTS outputs each. Included after
// gemm/tile_run.glsl, expert and matrix_weights.

// expert_rows takes the assignments of the tile from done on.
void expert_rows(Tile tile, uint done) {
    const uint rows = min(ROWS, tile.count - done);
    first_assignment = tile.first + done;
    for (uint i = gl_LocalInvocationID.x; i < ROWS; i += gl_WorkGroupSize.x) source[i] = assignment_at(first_assignment + min(i, rows - 1)) / share;
    barrier();
    matrix_tile(x, k, rows);
}

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
#if TILE_M > 64
    Tile tile;
    if (!tile_pair(gl_WorkGroupID.y, tile)) return;
#else
    const Tile tile = tile_at(gl_WorkGroupID.y);
#endif
    first_out = gl_WorkGroupID.x * EXPERT_OUTS;
    expert = tile.expert;
#if TILE_M < 64
    for (uint done = 0; done < tile.count; done += ROWS) {
        expert_rows(tile, done);
        barrier();
    }
#else
    expert_rows(tile, 0);
#endif
}
