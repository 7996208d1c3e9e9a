// The body of norm_matvec, whose grid depends on the number of outputs.
#include "common.glsl"
#include "sync.glsl"
#include "weight.glsl"
#include "dot.glsl"
layout(constant_id = 1) const uint K = 256;
const uint FIXED = K, TILE = 16;
#include "fixed.glsl"
#include "dot_unit.glsl"
#include "rows_dot.glsl"
#include "norm_take.glsl"

layout(push_constant, scalar) uniform Push {
    SYNC U32 step; uint64_t x; uint64_t norm; uint64_t w; uint64_t y;
    uint k; uint n; uint count; float eps;
};
#include "sync_main.glsl"
#include "product.glsl"

vec2 begin(uint r, uint o) { return vec2(0); }

void put(uint r, uint o, vec2 v) {
    PutF32(at(y, r, n)).v[o] = v.x;
    if (o + 1 < n) PutF32(at(y, r, n)).v[o + 1] = v.y;
}

#include "rows_walk.glsl"

void main() {
    const uint r = gl_WorkGroupID.y;
    const Steps first = walk_first(w, n);
    sync_wait();
    if (r < step.v[count]) {
        norm_take(at(x, r, K), norm, row_ahead(at(x, r, K)));
        barrier();
        walk(w, n, r, norm_factor(eps), first);
    }
    sync_done();
}
