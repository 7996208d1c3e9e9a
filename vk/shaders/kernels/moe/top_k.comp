#version 460
#extension GL_GOOGLE_include_directive : require
// The experts of each row.
//
//   p = softmax(logits[r]);  ids[r] = the top_k largest p, falling, ties by
//   lowest index;  weights[r][s] = scale * p[ids[r][s]] / (norm ? sum_s p : 1)
//
// logits {experts, R} F32, ids {top_k, R} U32, weights {top_k, R} F32. One
// workgroup a row, of which one subgroup works: a choice is the largest of what
// comes after the choice before it, so nothing need be marked. A NaN counts as
// the lowest value, so that ids are always experts, each once.
//
// op: top_k
// types: F32
// tile: all 1 1
// local: 64
// spec:
#include "core/common.glsl"

layout(buffer_reference, scalar, buffer_reference_align = 4) restrict buffer Weights { float v[]; };

#define PUSH_ids OutU32
#define PUSH_weights Weights
#include "push.glsl"

const float LOWEST = uintBitsToFloat(0xff800000u); // minus infinity

float logit(F32 row, uint e) {
    const float v = row.v[e];
    return is_nan(v) ? LOWEST : v;
}

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_SubgroupInvocationID, lanes = gl_SubgroupSize;
    if (r >= step.v[STEP_ROWS] || gl_SubgroupID != 0) return;
    F32 row = F32(at(logits, r, experts));
    float top = LOWEST, sum = 0, chosen = 0;
    for (uint e = lane; e < experts; e += lanes) top = max(top, logit(row, e));
    top = subgroupMax(top);
    for (uint e = lane; e < experts; e += lanes) sum += exp(logit(row, e) - top);
    sum = subgroupAdd(sum);

    // Every value comes after the choice of +infinity with no index.
    float last = uintBitsToFloat(0x7f800000u);
    uint last_e = 0xffffffffu;
    for (uint s = 0; s < top_k; s++) {
        float best = LOWEST;
        uint best_e = 0xffffffffu;
        for (uint e = lane; e < experts; e += lanes) {
            const float v = logit(row, e);
            const bool after = v < last || (v == last && (e > last_e || last_e == 0xffffffffu));
            if (after && (v > best || best_e == 0xffffffffu)) {
                best = v;
                best_e = e;
            }
        }
        const float highest = subgroupMax(best);
        const uint e = subgroupMin(best == highest ? best_e : 0xffffffffu);
        last = highest;
        last_e = e;
        const float p = exp(highest - top) / sum;
        chosen += p;
        if (lane == 0) {
            ids.v[r * top_k + s] = min(e, experts - 1);
            weights.v[r * top_k + s] = p;
        }
    }
    if (lane != 0) return;
    const float divisor = norm != 0 ? chosen : 1.0;
    for (uint s = 0; s < top_k; s++) weights.v[r * top_k + s] *= scale / divisor;
}
