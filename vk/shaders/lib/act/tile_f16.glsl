// Activations of gemm/tile.glsl that are halves already: x_load brings eight,
// x_halves puts them in the weights' order.
const uint X_BYTES = 2;
#define Eight uvec4

uvec4 x_load(uint64_t from) { return U32x4(from).v[0]; }

uvec2 half_order(uvec2 h) { return uvec2((h.x & 0xffffu) | h.y << 16, h.x >> 16 | (h.y & 0xffff0000u)); }

uvec4 x_halves(uvec4 v, float scale) { return uvec4(half_order(v.xy), half_order(v.zw)); }
