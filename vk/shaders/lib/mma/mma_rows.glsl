// The loop of mma/mma_tile.glsl's products, for a tile of up to 8 * NT rows. A
// subgroup has two sixteens of weight rows, whose units it decodes once for all rows;
// the sums stay in registers. CHUNKS times it goes on to further outputs, without a
// pause, as what comes next is asked for while the last is multiplied.
#define ITEMS ((NT * 64 + THREADS - 1) / THREADS)
// An item's loads are under way while QUADS of the four quads of a step are multiplied.
#define QUADS (ITEMS == 1 ? 4 : ITEMS == 2 ? 2 : 1)
#define ITEM_LOAD(a, block, side) { \
    next_x[0] = x_load(item_from(from[a], block, side)); \
    next_x[1] = x_load(item_from(from[a], block, (side) + 2)); \
}
#define ITEM_STORE(a, side) if (NT * 64 % THREADS == 0 || item_row(a) < 8 * NT) item_store(side, item_row(a), next_x[0], next_x[1], ITEM_SCALE(item_row(a)));

// ROWS_POINT finds the weight rows of the lane, g and g + 8 of both sixteens.
#define ROWS_POINT(chunk) \
    [[unroll]] for (uint m = 0; m < 4; m++) row[m] = mma_weights(tile.expert, m / 2, mma_first(chunk) + lane_g() + 8 * (m % 2));

// ROWS_OPEN makes matrices of quads i of parts side and side + 2 of sixteen m.
#define ROWS_OPEN(first, second, m, side, i) { \
    uvec2 low_[2], high_[2]; \
    unit_halves(w[2 * m], scale[2 * m], side, i, bits, low_[0], low_[1]); \
    unit_halves(w[2 * m + 1], scale[2 * m + 1], side, i, bits, high_[0], high_[1]); \
    MMA_WEIGHTS(first, low_[0], high_[0]) \
    MMA_WEIGHTS(second, low_[1], high_[1]) \
}

// ROWS_QUAD goes two column tiles at a time, so that a sum is added to again
// only after four other products.
#define ROWS_QUAD(side, i) { \
    MMA_A first0_, second0_, first1_, second1_; \
    ROWS_OPEN(first0_, second0_, 0, side, i) \
    ROWS_OPEN(first1_, second1_, 1, side, i) \
    [[unroll]] for (uint c = 0; c < NT; c += 2) { \
        const uint at_ = (side) * ACTS_SIDE + (i) * ACTS_QUAD + 32 * c + gl_SubgroupInvocationID; \
        const uvec4 even_ = acts[at_], odd_ = acts[at_ + 32]; \
        MMA_B b0_, b1_, b2_, b3_; \
        MMA_ACTS(b0_, even_.xy) \
        MMA_ACTS(b1_, odd_.xy) \
        MMA_ACTS(b2_, even_.zw) \
        MMA_ACTS(b3_, odd_.zw) \
        MMA_MULTIPLY(sums[2 * c], first0_, b0_) \
        MMA_MULTIPLY(sums[2 * c + 1], first1_, b0_) \
        MMA_MULTIPLY(sums[2 * c + 2], first0_, b1_) \
        MMA_MULTIPLY(sums[2 * c + 3], first1_, b1_) \
        MMA_MULTIPLY(sums[2 * c], second0_, b2_) \
        MMA_MULTIPLY(sums[2 * c + 1], second1_, b2_) \
        MMA_MULTIPLY(sums[2 * c + 2], second0_, b3_) \
        MMA_MULTIPLY(sums[2 * c + 3], second1_, b3_) \
    } \
}

void NAMED(mma_rows, NT)(Tile tile) {
    const uint bits = HALF_BITS | (n >> 31); // n is below 2^31
    const uint blocks = k / 256, end = mma_chunks();
    // Units are asked for a whole block ahead where there are registers for both.
    const uint early = 8 * NT + 8 * UNIT_WORDS <= 152 ? 0 : 1;
    uint64_t row[4], from[ITEMS];
    Unit w[4], next_w[4];
    Eight next_x[2];
    MMA_SUMS sums[2 * NT];
    uint chunk;
#ifdef X_FLOATS
    for (uint attempt = 0; attempt < 2; attempt++) {
#endif
    ROWS_POINT(0)
    [[unroll]] for (uint m = 0; m < 4; m++) w[m] = unit_load(row[m], lane_t());
    barrier(); // source is known
    [[unroll]] for (uint a = 0; a < ITEMS; a++) from[a] = x + uint64_t(source[item_row(a) % (8 * NT)]) * (k * X_BYTES);
    [[unroll]] for (uint a = 0; a < ITEMS; a++) {
        ITEM_LOAD(a, 0, 0)
        ITEM_STORE(a, 0)
    }
    for (chunk = 0; chunk < end; chunk++) {
        [[unroll]] for (uint s = 0; s < 2 * NT; s++) sums[s] = MMA_SUMS(0.0);
        for (uint block = 0; block < blocks; block++) {
            // Behind the end the same block comes once more, which costs less than a branch.
            const bool turn = block + 1 == blocks && chunk + 1 < end;
            const uint after = turn ? 0 : min(block + 1, blocks - 1);
            Scale scale[4];
            [[unroll]] for (uint m = 0; m < 4; m++) scale[m] = unit_scale(w[m], lane_t(), bits);
            [[unroll]] for (uint side = 0; side < 2; side++) {
                barrier();
                if (side == early) {
                    if (turn) ROWS_POINT(chunk + 1)
                    [[unroll]] for (uint m = 0; m < 4; m++) next_w[m] = unit_load(row[m], 4 * after + lane_t());
                }
                [[unroll]] for (uint i = 0; i < 4; i++) {
                    if (i % QUADS == 0 && i / QUADS < ITEMS) ITEM_LOAD(i / QUADS, side == 0 ? block : after, 1 - side)
                    ROWS_QUAD(side, i)
                    if (i % QUADS == QUADS - 1 && i / QUADS < ITEMS) ITEM_STORE(i / QUADS, 1 - side)
                }
            }
            [[unroll]] for (uint m = 0; m < 4; m++) w[m] = next_w[m];
        }
#ifdef X_FLOATS
        if (chunk == 0 && matrix_again(x, k, attempt)) break;
#endif
        [[unroll]] for (uint c = 0; c < NT; c++) {
            const MMA_SUMS a = sums[2 * c], b = sums[2 * c + 1];
            [[unroll]] for (uint r = 0; r < 2; r++) {
                const uint to = 8 * c + 2 * lane_t() + r;
                if (to < tile.count) mma_put(to, mma_first(chunk) + lane_g(), vec4(a[r], a[r + 2], b[r], b[r + 2]));
            }
        }
    }
#ifdef X_FLOATS
        if (chunk > 0) break;
    }
#endif
}
#undef ITEMS
#undef QUADS
#undef ITEM_LOAD
#undef ITEM_STORE
#undef ROWS_POINT
#undef ROWS_OPEN
#undef ROWS_QUAD
