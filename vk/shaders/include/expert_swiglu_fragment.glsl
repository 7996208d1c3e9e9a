// What the expert_matmul_swiglu_fragment kernels share: a subgroup has sixteen of gate's
// rows and the same of up's.
#include "common.glsl"
#include "weight.glsl"
#include "dot.glsl"
#include "fragment.glsl"
#include "product.glsl"
#include "silu.glsl"

layout(push_constant, scalar) uniform Push {
    U32 step; uint64_t gate; uint64_t up; uint64_t x; U32 groups; uint64_t y;
    uint k; uint n; uint tiles; uint share;
};
#include "groups.glsl"
#include "matrix_halves.glsl"
#include "fragment_tile.glsl"
const uint OUTS = 16;
#include "expert_fragment_main.glsl"

uint64_t fragment_weights(uint expert, uint m, uint o) {
    return weight_row(m == 0 ? gate : up, uint64_t(expert) * n + min(o, n - 1), k);
}

void fragment_put(uint r, uint o, vec4 sums) {
    OutF32 to = OutF32(at(y, places[r], n));
    if (o < n) to.v[o] = silu(sums.x) * sums.z;
    if (o + 8 < n) to.v[o + 8] = silu(sums.y) * sums.w;
}
