// The products of 32 rows of weights, four an invocation: rows o + lane, o + 8 +
// lane, ... Included after lane.glsl.
const uint LANE_TILES = 4, LANE_OUTS = LANES * LANE_TILES;

uint lane_row(uint o, uint t) { return o + t * LANES + gl_SubgroupInvocationID; }

// lane_add adds v to sum[t]; an index that is no constant would be dear.
vec4 lane_add(vec4 sum, uint t, float v) { return mix(sum, sum + v, equal(uvec4(t), uvec4(0, 1, 2, 3))); }

// lane_rows adds the products of block b, which lane_load took; base is the
// address of row 0 and rows have k elements.
vec4 lane_rows(vec4 sum, uint64_t base, uint o, uint n, uint k, uint b) {
    for (uint t = 0; t < LANE_TILES; t++)
        sum = lane_add(sum, t, lane_block(weight_row(base, min(lane_row(o, t), n - 1), k) + b * (256 / WEIGHT_BLOCK * WEIGHT_BYTES)));
    return sum;
}
