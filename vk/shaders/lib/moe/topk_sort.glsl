// The list of few rows' assignments and its tiles, written to groups.
#include "moe/topk_list.glsl"

void list_write(uint rows) {
    const uint lane = gl_LocalInvocationID.x;
    if (lane < 4) groups.v[lane] = lane == 0 ? all_tiles : 0;
    [[dont_unroll]] for (uint e = lane; e < EXPERTS; e += gl_WorkGroupSize.x) {
        const uint n = count_of(e);
        [[dont_unroll]] for (uint t = 0; t * TILE < n; t++) {
            const uint w = GROUP_HEADER + GROUP_TILE_WORDS * (first_tile[e] + t);
            groups.v[w] = e;
            groups.v[w + 1] = first_of[e] + t * TILE;
            groups.v[w + 2] = min(TILE, n - t * TILE);
        }
    }
    [[dont_unroll]] for (uint p = lane; p < rows * TOP_K; p += gl_WorkGroupSize.x) {
        PutU32(ids).v[p] = CHOSEN(p);
        groups.v[GROUP_HEADER + GROUP_TILE_WORDS * tiles + list_at(p)] = p;
    }
}
