// Products of pairs of weight rows with the fixed-point activations. Included
// after dot_unit.glsl. A subgroup takes a pair at a time; the order of a sum
// depends on the row's length and the subgroup's size alone.

struct Pair { Unit a, b; };

Pair pair_load(uint64_t a, uint64_t b, uint u) {
    u = min(u, UNITS - 1); // what is beyond is not used
    return Pair(unit_load(a, u), unit_load(b, u));
}

vec2 pair_dot(Pair p, uint u) { return u < UNITS ? vec2(unit_dot(p.a, u, u), unit_dot(p.b, u, u)) : vec2(0); }
