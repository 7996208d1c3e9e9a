// A lane's units of two rows of weights, g and g + 8 of sixteen. Rows lie within
// four gigabytes of the first, so that an address is one addition.
const uint ROW_BYTES = K / WEIGHT_BLOCK * WEIGHT_BYTES;
struct Pair { Unit low, high; };

// pair_rows is where the lane's rows of the sixteen from o on lie, most being the
// last row there is.
uvec2 pair_rows(uint o, uint most) { return min(uvec2(o, o + 8) + lane_g(), uvec2(most)) * ROW_BYTES; }

Pair pair_load(uint64_t base, uvec2 rows, uint block) {
    rows += block * WEIGHT_BYTES;
    return Pair(unit_load(base + rows.x, lane_t()), unit_load(base + rows.y, lane_t()));
}

// pair_base is where an expert's n rows begin.
uint64_t pair_base(uint64_t w, uint expert, uint n) { return w + uint64_t(expert * n) * ROW_BYTES; }
