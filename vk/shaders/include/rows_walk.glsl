// A workgroup's way through the rows of a weight matrix: tiles of TILE rows in
// strides of the grid, in each a pair a subgroup at a time. What a subgroup
// needs in the next two steps is loaded before it multiplies what it has.
// Included after a function put(r, o, vec2) that takes the products of rows o and
// o + 1, and begin(r, o), what is added to them.

// Unit u of rows o and o + 1.
struct Place { uint o, u; };

Place walk_next(Place p) {
    if (p.u - gl_SubgroupInvocationID + gl_SubgroupSize < UNITS) return Place(p.o, p.u + gl_SubgroupSize);
    const uint in_tile = p.o % TILE;
    return Place(in_tile + 2 * gl_NumSubgroups < TILE ? p.o + 2 * gl_NumSubgroups
                                                      : p.o - in_tile + 2 * gl_SubgroupID + gl_NumWorkGroups.x * TILE,
                 gl_SubgroupInvocationID);
}

Place walk_start() { return Place(gl_WorkGroupID.x * TILE + 2 * gl_SubgroupID, gl_SubgroupInvocationID); }

Pair walk_load(uint64_t w, uint n, Place p) {
    const uint o = min(p.o, n - 1);
    return pair_load(weight_row(w, o, K), weight_row(w, min(o + 1, n - 1), K), p.u);
}

// What walk begins with.
struct Steps { Pair a, b; };

Steps walk_first(uint64_t w, uint n) {
    const Place p = walk_start();
    return Steps(walk_load(w, n, p), walk_load(w, n, walk_next(p)));
}

void walk(uint64_t w, uint n, uint r, float factor, Steps steps) {
    if (2 * gl_SubgroupID >= TILE) return; // more subgroups than pairs in a tile
    Place p = walk_start(), ahead = walk_next(walk_next(p));
    vec2 sum = vec2(0), plus = begin(r, p.o);
    while (p.o < n) {
        const Pair now = steps.a;
        steps.a = steps.b;
        if (ahead.o < n) steps.b = walk_load(w, n, ahead);
        ahead = walk_next(ahead);
        sum += pair_dot(now, p.u);
        const Place then = walk_next(p);
        if (then.o != p.o) {
            sum = subgroupAdd(sum);
            if (gl_SubgroupInvocationID == 0) put(r, p.o, fma(vec2(factor), sum, plus));
            sum = vec2(0);
            plus = begin(r, then.o);
        }
        p = then;
    }
}
