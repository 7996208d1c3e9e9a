// The main of the experts' products by matrix units whose operands are put together in
// registers. Included after fragment_tile.glsl and OUTS, the outputs of a subgroup at a
// time. CHUNKS and THREADS are macros.
uint64_t fragment_weights(uint expert, uint m, uint o); // row o of sixteen m
void fragment_put(uint r, uint o, vec4 sums); // of outputs o and o + 8 of both sixteens

const uint CHUNK = THREADS / 32 * OUTS;
uint fragment_first(uint chunk) { return (gl_WorkGroupID.x * CHUNKS + chunk) * CHUNK + gl_SubgroupID * OUTS; }
uint fragment_chunks() { return min(CHUNKS, (n - gl_WorkGroupID.x * CHUNKS * CHUNK + CHUNK - 1) / CHUNK); }

#include "named.glsl"
#define NT 2
#include "fragment_rows.glsl"
#undef NT
#define NT 4
#include "fragment_rows.glsl"
#undef NT
#define NT 6
#include "fragment_rows.glsl"
#undef NT
#define NT 8
#include "fragment_rows.glsl"
#undef NT

void main() {
    if (!tile_in_use(gl_WorkGroupID.y)) return;
    const Tile tile = tile_at(gl_WorkGroupID.y);
    tile_open(tile);
    if (tile.count <= 16) fragment_rows2(tile);
    else if (tile.count <= 32) fragment_rows4(tile);
    else if (tile.count <= 48) fragment_rows6(tile);
    else fragment_rows8(tile);
}
