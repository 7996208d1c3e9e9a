// Few rows' experts: each row's choice by a subgroup, and where their assignments lie in the
// list as moe_sort makes it, which stays in shared memory. Included after
// moe/topk.glsl and the push constants, with WARPS subgroups of SUB; TILE is the
// most assignments of a tile, ROWS the most rows, a multiple of 32.
#include "core/subgroup_uniform.glsl"

const uint CHOICES = 8, WORDS = ROWS / 32;
// A kernel that has too little shared memory keeps the choices where something else
// comes later.
#ifndef CHOSEN
shared uint chosen[ROWS * CHOICES];
#define CHOSEN(i) chosen[i]
#endif
shared uint rows_of[WORDS * EXPERTS]; // a bit for each row, in words of 32
shared uint first_of[EXPERTS], first_tile[EXPERTS], all_tiles;

// top_k_softmax takes what the choice of a row left.
void top_k_softmax(uint r, Route c);

void choose(uint r) {
    route_load(at(logits, r, EXPERTS));
    const Route c = route(TOP_K, TOP_K_WHOLE);
    top_k_softmax(r, c);
    const uint s = gl_SubgroupInvocationID;
    if (s >= TOP_K) return;
    CHOSEN(r * TOP_K + s) = c.id;
    atomicOr(rows_of[WORDS * c.id + r / 32], 1u << (r & 31));
}

uint count_of(uint e) {
    uint n = 0;
    [[unroll]] for (uint i = 0; i < WORDS; i++) n += bitCount(rows_of[WORDS * e + i]);
    return n;
}

// own_and_below adds up the values of the invocations up to this one.
uint own_and_below(uint v) {
    [[unroll]] for (uint m = 1; m < SUB; m *= 2) {
        const uint below = subgroupShuffle(v, (gl_SubgroupInvocationID - m) & (SUB - 1));
        v += gl_SubgroupInvocationID >= m ? below : 0;
    }
    return v;
}

// add_up leaves where each expert's assignments and tiles begin, and the number of tiles.
// Both are counted in one word. Each subgroup counts the assignments of SUB experts, no
// fewer than there are subgroups, then adds what those before it have.
shared uint counted[WARPS];
void add_up() {
    uint before = 0;
    [[dont_unroll]] for (uint e0 = 0; e0 < EXPERTS; e0 += WARPS * SUB) {
        const uint lane = gl_SubgroupInvocationID, e = e0 + gl_SubgroupID * SUB + lane, n = e < EXPERTS ? count_of(e) : 0;
        const uint own = n | ((n + TILE - 1) / TILE) << 16, to = own_and_below(own);
        if (lane == SUB - 1) counted[gl_SubgroupID] = to;
        sync_group();
        const uint mine = lane < WARPS ? counted[lane] : 0, all = own_and_below(mine);
        const uint from = before + to - own + subgroupShuffle(all - mine, gl_SubgroupID);
        if (e < EXPERTS) {
            first_of[e] = from & 0xffffu;
            first_tile[e] = from >> 16;
        }
        before += subgroupShuffle(all, WARPS - 1);
        sync_group();
    }
    all_tiles = before >> 16;
}

void list_clear() {
    [[dont_unroll]] for (uint i = gl_LocalInvocationID.x; i < WORDS * EXPERTS; i += gl_WorkGroupSize.x) rows_of[i] = 0;
}

void list_choose(uint rows) {
    sync_group();
    [[dont_unroll]] for (uint r = subgroup_uniform(gl_SubgroupID); r < rows; r += WARPS) choose(r);
    sync_group();
    add_up();
}

// list_at is where assignment p stands in the list.
uint list_at(uint p) {
    const uint e = CHOSEN(p), r = p / TOP_K;
    uint at = first_of[e];
    [[unroll]] for (uint i = 0; i < WORDS; i++)
        if (i <= r / 32) at += bitCount(rows_of[WORDS * e + i] & (i < r / 32 ? 0xffffffffu : (1u << (r & 31)) - 1));
    return at;
}
