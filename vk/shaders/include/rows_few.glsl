// Products of a few rows of activations with many weight rows. FEW rows at a
// time lie in shared memory as fixed point. A team of invocations of a subgroup,
// or of up to eight subgroups where a weight row is long, shares out the units of
// BESIDE weight rows, one each: they are loaded a step ahead, unpacked once, and
// multiplied with one row after another. Loops stay loops: what a kernel of a few
// microseconds waits for first is its own code. The order of a sum depends on k
// and the subgroup's size alone. Included after dot_few.glsl, with 8 subgroups to
// a workgroup; FIXED is FEW * K, BESIDE 2, OUTS the outputs that a team computes
// at a time and TILE those of a workgroup.
const uint ROW_UNITS = K / 64, WARPS = 8, SUB = gl_WorkGroupSize.x / WARPS;
const uint POWER = ROW_UNITS > 16 ? 32 : ROW_UNITS > 8 ? 16 : ROW_UNITS > 4 ? 8 : 4, LANES = POWER < SUB ? POWER : SUB;
const uint SPLIT = ROW_UNITS > 4 * LANES ? 8 : ROW_UNITS > 2 * LANES ? 4 : ROW_UNITS > LANES ? 2 : 1;
const uint TEAMS = SUB / LANES * (WARPS / SPLIT), TILE_ROWS = TILE * BESIDE / OUTS;
shared float few_sums[SPLIT * FEW * TILE_ROWS];

// One unit of each of the team's weight rows.
struct Units { Unit row[BESIDE]; };

uint few_team() { return gl_SubgroupID / SPLIT * (SUB / LANES) + gl_SubgroupInvocationID / LANES; }
uint few_unit() { return gl_SubgroupID % SPLIT * LANES + gl_SubgroupInvocationID % LANES; }

// few_row is the address of the team's weight row b for outputs o on.
uint64_t few_row(uint o, uint b);

Units few_load(uint first) {
    Units w;
    [[unroll]] for (uint b = 0; b < BESIDE; b++) w.row[b] = unit_load(few_row(first + few_team() * OUTS, b), min(few_unit(), ROW_UNITS - 1));
    return w;
}

// few_sum adds up over a team's part of a subgroup; its lower half gets the first
// weight row's sum, the upper half the second's.
float few_sum(vec2 v) {
    const bool high = (gl_SubgroupInvocationID & LANES / 2) != 0;
    float sum = (high ? v.y : v.x) + subgroupShuffleXor(high ? v.x : v.y, LANES / 2);
    [[unroll]] for (uint mask = LANES / 4; mask > 0; mask /= 2) sum += subgroupShuffleXor(sum, mask);
    return sum;
}

// few_walk computes outputs first .. end - 1 of the rows in shared memory, whose
// first weights are loaded.
void few_walk(uint first, uint end, uint rows, Units next) {
    const uint u = min(few_unit(), ROW_UNITS - 1), lane = gl_SubgroupInvocationID % LANES;
    uint at_sum = gl_SubgroupID % SPLIT * FEW * TILE_ROWS + few_team() * BESIDE + lane / (LANES / 2);
    for (; first < end; first += TEAMS * OUTS) {
        const bool stores = first + few_team() * OUTS < end; // a step may go beyond the tile
        Weight open[BESIDE];
        [[unroll]] for (uint b = 0; b < BESIDE; b++) open[b] = unit_open(next.row[b], u);
        if (first + TEAMS * OUTS < end) next = few_load(first + TEAMS * OUTS);
        [[dont_unroll]] for (uint r = 0; r < rows; r++) {
            vec2 v = vec2(weight_dot(open[0], r * ROW_UNITS + u), weight_dot(open[1], r * ROW_UNITS + u));
            if (few_unit() >= ROW_UNITS) v = vec2(0);
            const float sum = few_sum(v);
            if (lane % (LANES / 2) == 0 && stores) few_sums[at_sum + r * TILE_ROWS] = sum;
        }
        at_sum += TEAMS * BESIDE;
    }
}

// few_result is the sum of a row and of the tile's weight row i, after a barrier.
float few_result(uint r, uint i) {
    float sum = 0;
    [[unroll]] for (uint s = 0; s < SPLIT; s++) sum += few_sums[(s * FEW + r) * TILE_ROWS + i];
    return sum;
}
