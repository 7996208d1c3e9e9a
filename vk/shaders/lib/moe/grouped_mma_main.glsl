// The main of the experts' products by matrix units whose operands are put together in
// registers. Included after mma/mma_tile.glsl and TILE_N, the outputs of a subgroup at a
// time. CHUNKS and THREADS are macros.
uint64_t mma_weights(uint expert, uint m, uint o); // row o of sixteen m
void mma_put(uint r, uint o, vec4 sums); // of outputs o and o + 8 of both sixteens

const uint CHUNK = THREADS / 32 * TILE_N;
uint mma_first(uint chunk) { return (gl_WorkGroupID.x * CHUNKS + chunk) * CHUNK + gl_SubgroupID * TILE_N; }
uint mma_chunks() { return min(CHUNKS, (n - gl_WorkGroupID.x * CHUNKS * CHUNK + CHUNK - 1) / CHUNK); }

#include "core/named.glsl"
#define NT 2
#include "mma/mma_rows.glsl"
#undef NT
#define NT 4
#include "mma/mma_rows.glsl"
#undef NT
#define NT 6
#include "mma/mma_rows.glsl"
#undef NT
#define NT 8
#include "mma/mma_rows.glsl"
#undef NT

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
    const Tile tile = tile_at(gl_WorkGroupID.y);
    tile_open(tile);
    if (tile.count <= 16) mma_rows2(tile);
    else if (tile.count <= 32) mma_rows4(tile);
    else if (tile.count <= 48) mma_rows6(tile);
    else mma_rows8(tile);
}
