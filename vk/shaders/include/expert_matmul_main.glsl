// The main of the expert_matmul kernels. Included after what multiplies.
#include "matrix_run.glsl"
uint expert;

uint64_t matrix_weights(uint o) { return weight_row(w, uint64_t(expert) * n + min(first_out + o, n - 1), k); }

// expert_rows takes the places of the tile from done on.
void expert_rows(Tile tile, uint done) {
    const uint rows = min(ROWS, tile.count - done);
    first_place = tile.first + done;
    for (uint i = gl_LocalInvocationID.x; i < ROWS; i += gl_WorkGroupSize.x) source[i] = place_at(first_place + min(i, rows - 1)) / share;
    barrier();
    matrix_tile(x, k, rows);
}

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
#if BANDS > 4
    Tile tile;
    if (!tile_pair(gl_WorkGroupID.y, tile)) return;
#else
    const Tile tile = tile_at(gl_WorkGroupID.y);
#endif
    first_out = gl_WorkGroupID.x * OUTS;
    expert = tile.expert;
#if BANDS < 4
    for (uint done = 0; done < tile.count; done += ROWS) {
        expert_rows(tile, done);
        barrier();
    }
#else
    expert_rows(tile, 0);
#endif
}
