// Rows of activations brought to the lanes that multiply them: a subgroup brings a
// block of 256 elements of k, four rows at a time through shared memory, each as
// halves scaled by a power of two of its own. Included after mma/mma_weights.glsl and the
// push constants, with MMA_WARPS subgroups to a workgroup, each of which has
// a block of K.
#include "act/f16_scale.glsl"
#include "core/subgroup_reduce.glsl"
const uint MMA_BLOCKS = K / 256;
const uint STAGE_GROUP = 18, STAGE_ROW = 4 * STAGE_GROUP; // 64 elements and a gap, so that banks differ
shared uvec2 stage[MMA_WARPS * 4 * STAGE_ROW];
shared float mma_squares[MMA_WARPS * 8];

uint64_t mma_from(uint r); // where row r of the pass lies

// What the lane's four elements of either half of the subgroup's block are multiplied
// with; norm_prefetch brings norm's weights, before anything is waited for.
vec4 norms[2] = vec4[2](vec4(1), vec4(1));
void norm_prefetch(uint64_t norm) {
    const uint quad = 64 * min(gl_SubgroupID, MMA_BLOCKS - 1) + gl_SubgroupInvocationID;
    norms[0] = F32x4(norm).v[quad];
    norms[1] = F32x4(norm).v[quad + 32];
}

// mma_take leaves in x the lane's 64 elements of row g of the subgroup's block,
// in unscale the inverse scales of rows 2t and 2t + 1. Two rows are on their way while
// one is brought; behind the last it comes again, which is less code than a branch. All
// is one loop, as code that is not in the instructions' cache takes longer than it does.
void mma_take(uint rows, out uvec4 x[8], out vec2 unscale) {
    const uint lane = gl_SubgroupInvocationID, quad = 64 * gl_SubgroupID + lane, mine = gl_SubgroupID * 4 * STAGE_ROW;
    Act4 from = Act4(mma_from(0));
    vec4 next0 = from.v[quad], next1 = from.v[quad + 32];
    from = Act4(mma_from(min(1, rows - 1)));
    vec4 then0 = from.v[quad], then1 = from.v[quad + 32];
    [[unroll]] for (uint i = 0; i < 8; i++) x[i] = uvec4(0);
    unscale = vec2(0);
    [[dont_unroll]] for (uint r = 0; r < rows; r++) {
        const vec4 v0 = next0, v1 = next1, a = v0 * norms[0], b = v1 * norms[1], top = max(abs(a), abs(b));
        next0 = then0;
        next1 = then1;
        from = Act4(mma_from(min(r + 2, rows - 1)));
        then0 = from.v[quad];
        then1 = from.v[quad + 32];
        const float square = subgroup_sum(dot(v0, v0) + dot(v1, v1));
        const vec2 scale = half_scale(subgroup_max(max(max(top.x, top.y), max(top.z, top.w))));
        unscale = vec2(r == 2 * lane_t() ? scale.y : unscale.x, r == 2 * lane_t() + 1 ? scale.y : unscale.y);
        if (lane == 0) mma_squares[gl_SubgroupID * 8 + r] = square;
        const uint to = mine + r % 4 * STAGE_ROW + lane / 16 * STAGE_GROUP + lane % 16;
        stage[to] = half_pack(a * scale.x);
        stage[to + 2 * STAGE_GROUP] = half_pack(b * scale.x);
        if ((r & 3) < 3 && r + 1 < rows) continue;
        subgroup_sync(); // four rows are there, or the last ones
        if (lane_g() / 4 == r / 4) {
            [[unroll]] for (uint part = 0; part < 4; part++) {
                const uint e = half_at(lane_t(), part), from = mine + lane_g() % 4 * STAGE_ROW + e / 64 * STAGE_GROUP + e % 64 / 4;
                x[2 * part] = uvec4(stage[from], stage[from + 1]);
                x[2 * part + 1] = uvec4(stage[from + 2], stage[from + 3]);
            }
        }
        subgroup_sync();
    }
}

// mma_factor is 1 / rms of row r, after a barrier.
float mma_factor(uint r, float eps) {
    float sum = 0;
    [[unroll]] for (uint w = 0; w < min(MMA_WARPS, MMA_BLOCKS); w++) sum += mma_squares[w * 8 + r];
    return inversesqrt(sum / float(K) + eps);
}
