// Products of a few rows of activations with many weight rows. BATCH rows at a
// time lie in shared memory as fixed point. A team of invocations of a subgroup,
// or of up to eight subgroups where a weight row is long, shares out the units of
// BESIDE weight rows, one each: they are loaded a step ahead, unpacked once, and
// multiplied with one row after another. Loops stay loops: what a kernel of a few
// microseconds waits for first is its own code. The order of a sum depends on k
// and the subgroup's size alone. Included after dot_rows.glsl, with 8 subgroups to
// a workgroup; Q16_N is BATCH * K, BESIDE 2, TILE_N the outputs that a team computes
// at a time and TILE those of a workgroup.
const uint ROW_UNITS = K / 64, WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
const uint POWER = ROW_UNITS > 16 ? 32 : ROW_UNITS > 8 ? 16 : ROW_UNITS > 4 ? 8 : 4, LANES = POWER < SUB ? POWER : SUB;
const uint SPLIT = ROW_UNITS > 4 * LANES ? 8 : ROW_UNITS > 2 * LANES ? 4 : ROW_UNITS > LANES ? 2 : 1;
const uint SPLIT_K = SUB / LANES * (WARPS / SPLIT), TILE_ROWS = TILE * BESIDE / TILE_N;
shared float rows_sums[SPLIT * BATCH * TILE_ROWS];

// One unit of each of the team's weight rows.
struct Units { Unit row[BESIDE]; };

uint rows_team() { return gl_SubgroupID / SPLIT * (SUB / LANES) + gl_SubgroupInvocationID / LANES; }
uint rows_unit() { return gl_SubgroupID % SPLIT * LANES + gl_SubgroupInvocationID % LANES; }

// rows_row is the address of the team's weight row b for outputs o on.
uint64_t rows_row(uint o, uint b);

Units rows_fetch(uint first) {
    Units w;
    [[unroll]] for (uint b = 0; b < BESIDE; b++) w.row[b] = unit_load(rows_row(first + rows_team() * TILE_N, b), min(rows_unit(), ROW_UNITS - 1));
    return w;
}

// rows_sum adds up over a team's part of a subgroup; its lower half gets the first
// weight row's sum, the upper half the second's.
float rows_sum(vec2 v) {
    const bool high = (gl_SubgroupInvocationID & LANES / 2) != 0;
    float sum = (high ? v.y : v.x) + subgroupShuffleXor(high ? v.x : v.y, LANES / 2);
    [[unroll]] for (uint mask = LANES / 4; mask > 0; mask /= 2) sum += subgroupShuffleXor(sum, mask);
    return sum;
}

// rows_walk computes outputs first .. end - 1 of the rows in shared memory, whose
// first weights are loaded.
void rows_walk(uint first, uint end, uint rows, Units next) {
    const uint u = min(rows_unit(), ROW_UNITS - 1), lane = gl_SubgroupInvocationID % LANES;
    uint at_sum = gl_SubgroupID % SPLIT * BATCH * TILE_ROWS + rows_team() * BESIDE + lane / (LANES / 2);
    for (; first < end; first += SPLIT_K * TILE_N) {
        const bool stores = first + rows_team() * TILE_N < end; // a step may go beyond the tile
        Weight open[BESIDE];
        [[unroll]] for (uint b = 0; b < BESIDE; b++) open[b] = unit_open(next.row[b], u);
        if (first + SPLIT_K * TILE_N < end) next = rows_fetch(first + SPLIT_K * TILE_N);
        [[dont_unroll]] for (uint r = 0; r < rows; r++) {
            vec2 v = vec2(weight_dot(open[0], r * ROW_UNITS + u), weight_dot(open[1], r * ROW_UNITS + u));
            if (rows_unit() >= ROW_UNITS) v = vec2(0);
            const float sum = rows_sum(v);
            if (lane % (LANES / 2) == 0 && stores) rows_sums[at_sum + r * TILE_ROWS] = sum;
        }
        at_sum += SPLIT_K * BESIDE;
    }
}

// rows_result is the sum of a row and of the tile's weight row i, after a barrier.
float rows_result(uint r, uint i) {
    float sum = 0;
    [[unroll]] for (uint s = 0; s < SPLIT; s++) sum += rows_sums[(s * BATCH + r) * TILE_ROWS + i];
    return sum;
}
