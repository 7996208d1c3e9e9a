// Activations of matrix.glsl that are halves already: x_load brings eight from
// element e on, x_halves puts them in the weights' order.
const bool X_HALVES = true;
uvec4 next_x[4];
const float x_top = 0;

void x_start() {}

uvec4 x_load(uint64_t x, uint row, uint k, uint e) { return U32x4(x + uint64_t(row) * k * 2).v[e / 8]; }

uvec2 half_order(uvec2 h) { return uvec2((h.x & 0xffffu) | h.y << 16, h.x >> 16 | (h.y & 0xffff0000u)); }

uvec4 x_halves(uvec4 v, float scale) { return uvec4(half_order(v.xy), half_order(v.zw)); }

vec4 x_at(uint64_t x, uint row, uint k, uint e) { return vec4(0); }
