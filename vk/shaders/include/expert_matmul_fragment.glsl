// What the expert_matmul_fragment kernels share: a subgroup has two neighbouring
// sixteens of rows.
#include "common.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
#include "product.glsl"
#define BANDS 4

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t w; uint64_t x; U32 groups; uint64_t y;
    uint k; uint n; uint tiles; uint share;
};
#include "groups.glsl"
#include "matrix_floats.glsl"
#include "fragment_tile.glsl"
const uint OUTS = 32;
#include "expert_fragment_main.glsl"

uint64_t fragment_weights(uint expert, uint m, uint o) {
    return weight_row(w, uint64_t(expert) * n + min(o + 16 * m, n - 1), k);
}

void fragment_put(uint r, uint o, vec4 sums) {
    OutF32 to = OutF32(at(y, places[r], n));
    sums /= x_scale[r]; // powers of two
    [[unroll]] for (uint i = 0; i < 4; i++)
        if (o + 8 * i < n) to.v[o + 8 * i] = sums[i];
}
