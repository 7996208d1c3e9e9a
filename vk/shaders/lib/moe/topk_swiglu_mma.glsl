// The main of the kernels of topk_grouped_swiglu by matrix units: each workgroup lists the
// assignments of the step's rows, in tiles of eight. Included after the push constants,
// mma/mma_load.glsl, mma/mma_act.glsl, mma/mma_sums.glsl, y_store and ROWS, the most rows.
const uint share = TOP_K, TILE = 8; // assignments of a tile
#define TOP_K_WHOLE false
#include "moe/topk_list.glsl"
void top_k_softmax(uint r, Route c) {}

struct Tile { uint expert, first, count; };
shared uint list[ROWS * CHOICES], tile_list[EXPERTS + ROWS * CHOICES / TILE]; // a tile's expert, first assignment and count

uint tiles_used() { return all_tiles; }
Tile tile_of(uint i) {
    const uint t = subgroup_uniform(tile_list[i]);
    return Tile(t & 0xffffu, t >> 16 & 0xfffu, t >> 28);
}
uint assignment_of(uint i) { return list[i]; }
#include "moe/swiglu_mma.glsl"

void main() {
    const uint rows = subgroup_uniform(min(step.v[STEP_ROWS], ROWS));
    list_clear();
    norm_prefetch(norm);
    sync_early();
    list_choose(rows);
    [[dont_unroll]] for (uint e = gl_LocalInvocationID.x; e < EXPERTS; e += gl_WorkGroupSize.x)
        [[dont_unroll]] for (uint first = 0; first < count_of(e); first += TILE)
            tile_list[first_tile[e] + first / TILE] = e | (first_of[e] + first) << 16 | min(count_of(e) - first, TILE) << 28;
    [[dont_unroll]] for (uint p = gl_LocalInvocationID.x; p < rows * TOP_K; p += gl_WorkGroupSize.x) list[list_at(p)] = p;
    sync_group();
    share_out();
    sync_done();
}
