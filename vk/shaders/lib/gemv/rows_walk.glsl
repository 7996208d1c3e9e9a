// A workgroup's way through the rows of a weight matrix: tiles of TILE rows in
// strides of the grid, in each a pair a subgroup at a time. What a subgroup
// needs next is loaded before it multiplies what it has. Included after a
// function store(r, o, vec2) that takes the products of rows o and o + 1, and
// begin(r, o), what is added to them.

uint walk_next(uint o) {
    const uint in_tile = o % TILE;
    return in_tile + 2 * gl_NumSubgroups < TILE ? o + 2 * gl_NumSubgroups
                                                : o - in_tile + 2 * gl_SubgroupID + gl_NumWorkGroups.x * TILE;
}

Pair walk_load(uint64_t w, uint n, uint o, uint u) {
    o = min(o, n - 1);
    return pair_load(weight_row(w, o, K), weight_row(w, min(o + 1, n - 1), K), u);
}

// walk_first loads what walk begins with.
Pair walk_first(uint64_t w, uint n) {
    return walk_load(w, n, gl_WorkGroupID.x * TILE + 2 * gl_SubgroupID, gl_SubgroupInvocationID);
}

void walk(uint64_t w, uint n, uint r, float factor, Pair next) {
    uint o = gl_WorkGroupID.x * TILE + 2 * gl_SubgroupID, u = gl_SubgroupInvocationID;
    if (2 * gl_SubgroupID >= TILE) return; // more subgroups than pairs in a tile
    vec2 sum = vec2(0), plus = begin(r, o);
    while (o < n) {
        const Pair now = next;
        const bool ends = u - gl_SubgroupInvocationID + gl_SubgroupSize >= UNITS;
        const uint no = ends ? walk_next(o) : o, nu = ends ? gl_SubgroupInvocationID : u + gl_SubgroupSize;
        if (no < n) next = walk_load(w, n, no, nu);
        sum += pair_dot(now, u);
        if (ends) {
            sum = subgroupAdd(sum);
            if (gl_SubgroupInvocationID == 0) store(r, o, fma(vec2(factor), sum, plus));
            sum = vec2(0);
            plus = begin(r, no);
        }
        o = no;
        u = nu;
    }
}
