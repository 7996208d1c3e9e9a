// Activations of gemm/tile.glsl that are floats: x_load brings eight, x_halves
// rounds them. Halves end at 65504. Where an activation is beyond, which is
// rare, the tile is done again with each row scaled by a power of two.
// Activations below 2^-14 are rounded to multiples of 2^-24.
#define X_FLOATS
const uint X_BYTES = 4;
struct Eight { vec4 lo, hi; };
shared float x_scale[TILE_M];
shared uint overflow;
float x_top; // the largest magnitude that the invocation brought

Eight x_load(uint64_t from) { return Eight(F32x4(from).v[0], F32x4(from).v[1]); }

uvec4 x_halves(Eight v, float scale) {
    const vec4 m = max(abs(v.lo), abs(v.hi));
    x_top = max(max(x_top, max(m.x, m.y)), max(m.z, m.w));
    return uvec4(half_pack(scale * v.lo), half_pack(scale * v.hi));
}
