// Sums of a workgroup's subgroups, each of which multiplied a part of k. MATRICES
// products of sixteen outputs and eight rows, as often as SUMS_ROUNDS, so that there
// need not be a barrier after each. MMA_WARPS is how many subgroups there are,
// MMA_BLOCKS how many of them have a part.
const uint SUMS_ROW = 20, SUMS_MATRIX = 8 * SUMS_ROW, SUMS_WARP = MATRICES * SUMS_MATRIX; // a gap, so that banks differ
shared float sums_kept[SUMS_ROUNDS * MMA_WARPS * SUMS_WARP];

// SUMS_STORE keeps a subgroup's sums of matrix i in buffer turn.
#define SUMS_STORE(turn, i, c, unscale) { \
    const uint to_ = ((turn) * MMA_WARPS + gl_SubgroupID) * SUMS_WARP + (i) * SUMS_MATRIX + 2 * lane_t() * SUMS_ROW + lane_g(); \
    sums_kept[to_] = float(c[0]) * unscale.x; \
    sums_kept[to_ + SUMS_ROW] = float(c[1]) * unscale.y; \
    sums_kept[to_ + 8] = float(c[2]) * unscale.x; \
    sums_kept[to_ + SUMS_ROW + 8] = float(c[3]) * unscale.y; \
}

// sums_of is output o of row r, after a barrier.
float sums_of(uint turn, uint i, uint r, uint o) {
    float sum = 0;
    [[unroll]] for (uint w = 0; w < min(MMA_WARPS, MMA_BLOCKS); w++)
        sum += sums_kept[(turn * MMA_WARPS + w) * SUMS_WARP + i * SUMS_MATRIX + r * SUMS_ROW + o];
    return sum;
}
