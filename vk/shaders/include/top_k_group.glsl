// Few rows' experts: each row's choice by a subgroup, and the list of their places
// as expert_group makes it. What is found stays in shared memory until list_write.
// Included after route.glsl and the push constants, with WARPS subgroups of SUB.
const uint ROWS = 64, SLOTS = 8;
shared uint chosen[ROWS * SLOTS];
shared uint rows_of[2 * EXPERTS]; // a bit for each row, in two words
shared uint first_of[EXPERTS], first_tile[EXPERTS], tiles_used;

// top_k_weigh takes what the choice of a row left.
void top_k_weigh(uint r, Route c);

void choose(uint r) {
    route_load(at(logits, r, EXPERTS));
    const Route c = route(top_k, TOP_K_WHOLE);
    top_k_weigh(r, c);
    const uint s = gl_SubgroupInvocationID;
    if (s >= top_k) return;
    chosen[r * top_k + s] = c.id;
    atomicOr(rows_of[2 * c.id + r / 32], 1u << (r & 31));
}

uint count_of(uint e) { return bitCount(rows_of[2 * e]) + bitCount(rows_of[2 * e + 1]); }

// add_up leaves where each expert's places and tiles begin, and the number of
// tiles, in the first subgroup.
void add_up() {
    uint places = 0, all = 0;
    for (uint e0 = 0; e0 < EXPERTS; e0 += SUB) {
        const uint e = e0 + gl_SubgroupInvocationID, n = e < EXPERTS ? count_of(e) : 0, t = (n + tile - 1) / tile;
        const uint n_to = subgroupInclusiveAdd(n), t_to = subgroupInclusiveAdd(t);
        if (e < EXPERTS) {
            first_of[e] = places + n_to - n;
            first_tile[e] = all + t_to - t;
        }
        places += subgroupMax(n_to);
        all += subgroupMax(t_to);
    }
    tiles_used = all;
}

void list_clear() {
    for (uint i = gl_LocalInvocationID.x; i < 2 * EXPERTS; i += gl_WorkGroupSize.x) rows_of[i] = 0;
}

void list_choose(uint rows) {
    sync_group();
    for (uint r = gl_SubgroupID; r < rows; r += WARPS) choose(r);
    sync_group();
    if (gl_SubgroupID == 0) add_up();
    sync_group();
}

void list_write(uint rows) {
    const uint lane = gl_LocalInvocationID.x;
    if (lane < 4) groups.v[lane] = lane == 0 ? tiles_used : 0;
    for (uint e = lane; e < EXPERTS; e += gl_WorkGroupSize.x) {
        const uint n = count_of(e);
        for (uint t = 0; t * tile < n; t++) {
            const uint w = 4 + 3 * (first_tile[e] + t);
            groups.v[w] = e;
            groups.v[w + 1] = first_of[e] + t * tile;
            groups.v[w + 2] = min(tile, n - t * tile);
        }
    }
    for (uint p = lane; p < rows * top_k; p += gl_WorkGroupSize.x) {
        const uint e = chosen[p], r = p / top_k, below = (1u << (r & 31)) - 1;
        const uint before = r < 32 ? bitCount(rows_of[2 * e] & below) : bitCount(rows_of[2 * e]) + bitCount(rows_of[2 * e + 1] & below);
        PutU32(ids).v[p] = e;
        groups.v[4 + 3 * tiles + first_of[e] + before] = p;
    }
}
