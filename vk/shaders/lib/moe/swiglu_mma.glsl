// rms_norm and gate and up of the experts of few rows by matrix units whose operands
// are put together in registers. The workgroups share out all sixteens of outputs of
// all tiles evenly, a tile's activations counting as one more; of each, a subgroup
// multiplies 256 elements of k. Included after the push constants,
// mma/mma_load.glsl, mma/mma_act.glsl, mma/mma_sums.glsl, Tile, Y_BYTES, y_store and
// what knows the tiles:
uint tiles_used();
Tile tile_of(uint i);
uint assignment_of(uint i); // assignment i of the list

// A part is outputs 16 first .. 16 last - 1 of up to eight assignments of tile t, from r0 on.
struct Part { Tile tile; uint t, r0, first, last; };
Part part;

uint assignment(uint r) { return assignment_of(part.tile.first + part.r0 + r); }
uint64_t mma_from(uint r) { return at(x, assignment(r) / share, K); }

Pair part_load(uint64_t weights, Part p, uint block) {
    return pair_load(pair_base(weights, p.tile.expert, n), pair_rows(16 * p.first, n - 1), block);
}

// outputs computes a part. Its first weights are loaded; those after are asked for as
// soon as what is there is multiplied, at the end the next part's.
void outputs(Part next, uint block, inout Pair g, inout Pair p) {
    const uint bits = HALF_BITS | (n >> 31), t = lane_t(), rows = min(8, part.tile.count - part.r0); // n is below 2^31
    const bool has = MMA_HAS;
    uvec4 v[8];
    vec2 unscale;
    if (has) mma_take(rows, v, unscale);
    sync_group();
    const uint r = gl_LocalInvocationID.x / 16, o = gl_LocalInvocationID.x % 16;
    const bool stores = r < rows;
    const float factor = stores ? mma_factor(r, eps) : 0;
    const uint64_t to = stores ? y + uint64_t(assignment(r)) * n * Y_BYTES : 0;
    uint expert = part.tile.expert;
    [[dont_unroll]] for (uint i = part.first; i < part.last; i++) {
        const uint turn = i & 1;
        const bool ends = i + 1 == part.last;
        if (ends) expert = next.tile.expert;
        const uvec2 lie = pair_rows(16 * (ends ? next.first : i + 1), n - 1);
        if (has) {
            MMA_SUMS gate_sums = MMA_SUMS(0.0), up_sums = MMA_SUMS(0.0);
            MMA_BLOCK(gate_sums, g.low, g.high, t, bits, v)
            g = pair_load(pair_base(gate, expert, n), lie, block);
            MMA_BLOCK(up_sums, p.low, p.high, t, bits, v)
            p = pair_load(pair_base(up, expert, n), lie, block);
            SUMS_STORE(turn, 0, gate_sums, unscale)
            SUMS_STORE(turn, 1, up_sums, unscale)
        }
        sync_group();
        if (stores && 16 * i + o < n) {
            const float a = silu(factor * sums_of(turn, 0, r, o)) * (factor * sums_of(turn, 1, r, o));
            y_store(to, 16 * i + o, a);
        }
    }
    sync_group();
}

// share_out computes this workgroup's share once the tiles are known, and waits for x.
void share_out() {
    const uint each = (n + 15) / 16 + 1, all = subgroup_uniform(tiles_used()) * each, block = min(gl_SubgroupID, MMA_BLOCKS - 1);
    // The product fits: tiles and sixteens are some hundreds each, workgroups too.
    const uint first = gl_WorkGroupID.x * all / gl_NumWorkGroups.x;
    uint left = (gl_WorkGroupID.x + 1) * all / gl_NumWorkGroups.x - first; // units from the tile's begin on
    if (left == 0) {
        sync_wait(); // the report says that all dispatches before are done too
        return;
    }
    const uint t = first / each, from = first - t * each;
    left += from;
    part = Part(tile_of(t), t, 0, max(from, 1) - 1, min(left, each) - 1);
    Pair g = part_load(gate, part, block), p = part_load(up, part, block);
    sync_wait();
    [[dont_unroll]] for (;;) {
        // Behind the end what is there comes once more, which costs less than a branch.
        Part next = part;
        next.first = max(part.last, 1) - 1;
        const bool again = part.r0 + 8 < part.tile.count, ends = !again && left <= each;
        if (again) {
            next.first = part.first;
            next.r0 += 8;
        } else if (!ends) {
            left -= each;
            next = Part(tile_of(part.t + 1), part.t + 1, 0, 0, min(left, each) - 1);
        }
        if (part.first < part.last) outputs(next, block, g, p);
        if (ends) break;
        part = next;
    }
}
