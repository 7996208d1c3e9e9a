// Activations of matrix.glsl that are floats: x_load brings eight from element e
// on, x_halves rounds them.
const bool X_HALVES = false;
struct Eight { vec4 lo, hi; };
Eight next_x[4];
float x_top; // the largest magnitude that the invocation brought

void x_start() { x_top = 0; }

Eight x_load(uint64_t x, uint row, uint k, uint e) {
    F32x4 p = F32x4(at(x, row, k));
    return Eight(p.v[e / 4], p.v[e / 4 + 1]);
}

uvec4 x_halves(Eight v, float scale) {
    const vec4 m = max(abs(v.lo), abs(v.hi));
    x_top = max(max(x_top, max(m.x, m.y)), max(m.z, m.w));
    return uvec4(half_pack(scale * v.lo), half_pack(scale * v.hi));
}

vec4 x_at(uint64_t x, uint row, uint k, uint e) { return F32x4(at(x, row, k)).v[e / 4]; }
