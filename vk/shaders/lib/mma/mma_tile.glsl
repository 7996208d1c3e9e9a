// Activations of a tile of assignments in shared memory, for matrix units whose weights
// are decoded in registers. A step is 128 elements of k: of each of the four units of a
// block the parts side and side + 2, which lie in one word of the weights. While a
// step is multiplied from one buffer the next one is put into the other.
// Included after mma/mma_weights.glsl, the push constants, moe/groups.glsl and act/tile_f32.glsl
// or act/tile_f16.glsl. THREADS is a macro.
//
// The sixteen bytes that lane 4g + t needs of quads i of both parts of row g of a
// column tile lie side by side, and those of a tile's lanes in their order, so that
// no banks meet when they are read; a gap between quads does the same when two of
// them are written by neighbours.
const uint ROWS = GROUP_TILE;
const uint ACTS_QUAD = 4 * ROWS + 2, ACTS_SIDE = 4 * ACTS_QUAD;
shared uvec4 acts[2 * ACTS_SIDE];
shared uint source[ROWS], assignments[ROWS]; // the row of x that each row of the tile is, and its assignment

// Neighbours bring the halves of a part of a row's unit: eight elements, two quads.
uint item_row(uint a) { return (gl_LocalInvocationID.x + a * THREADS) / 8; }
uint item_unit() { return gl_LocalInvocationID.x / 2 % 4; }
uint item_half() { return gl_LocalInvocationID.x % 2; }

uint64_t item_from(uint64_t row, uint block, uint part) {
    return row + (half_at(4 * block + item_unit(), part) + 8 * item_half()) * X_BYTES;
}

void item_store(uint side, uint row, Eight first, Eight second, float scale) {
    const uvec4 a = x_halves(first, scale), b = x_halves(second, scale);
    const uint to = side * ACTS_SIDE + 2 * item_half() * ACTS_QUAD + 4 * row + item_unit();
    acts[to] = uvec4(a.xy, b.xy);
    acts[to + ACTS_QUAD] = uvec4(a.zw, b.zw);
}

// tile_open notes where the tile's rows lie; the last stands for those beyond.
void tile_open(Tile tile) {
    for (uint i = gl_LocalInvocationID.x; i < ROWS; i += THREADS) {
        assignments[i] = assignment_at(tile.first + min(i, tile.count - 1));
        source[i] = assignments[i] / share;
    }
#ifdef X_FLOATS
    for (uint i = gl_LocalInvocationID.x; i < ROWS; i += THREADS) x_scale[i] = 1.0;
    if (gl_LocalInvocationID.x == 0) overflow = 0;
    x_top = 0;
#endif
}

#ifdef X_FLOATS
#include "gemm/tile_scales.glsl"
#define ITEM_SCALE(row) x_scale[row]
#else
#define ITEM_SCALE(row) 1.0
#endif
