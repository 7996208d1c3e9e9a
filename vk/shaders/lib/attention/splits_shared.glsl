// How the parts of splits are merged: each split leaves its sums, the largest score and the
// total weight of every head; the last to come adds them up (Dao et al.,
// flash-decoding). Included after the push constants.

layout(buffer_reference, scalar, buffer_reference_align = 16) coherent buffer Part4 { vec4 v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Part { float v[]; };
layout(buffer_reference, scalar, buffer_reference_align = 4) coherent buffer Finished { uint v[]; };
const uint QUADS = GROUP * D / 4;
shared float share_of[SPLITS * GROUP]; // each split's factor
shared vec2 stat[SPLITS * GROUP];
shared uint before;

void partials_store(uint64_t part, uint64_t out_row, uint index, uint split, uint splits) {
    barrier();
    if (splits == 1) {
        for (uint i = gl_LocalInvocationID.x; i < QUADS; i += gl_WorkGroupSize.x) {
            const vec4 s = tile_sum(i) / total[4 * i / D];
            for (uint j = 0; j < 4; j++) PutF32(out_row).v[4 * i + j] = s[j];
        }
        return;
    }
    // First all splits' sums, then their maxima and totals.
    const uint64_t all = part + ATTENTION_COUNTERS * 4 + uint64_t(index) * SPLITS * GROUP * (D + 2) * 4;
    const uint64_t stats = all + SPLITS * GROUP * D * 4;
    for (uint i = gl_LocalInvocationID.x; i < QUADS; i += gl_WorkGroupSize.x) Part4(all).v[split * QUADS + i] = tile_sum(i);
    for (uint h = gl_LocalInvocationID.x; h < GROUP; h += gl_WorkGroupSize.x) {
        Part(stats).v[(split * GROUP + h) * 2] = largest[h];
        Part(stats).v[(split * GROUP + h) * 2 + 1] = total[h];
    }
    sync_group();
    if (gl_LocalInvocationID.x == 0) {
        memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer, gl_SemanticsAcquireRelease);
        before = atomicAdd(Finished(part).v[index], 1);
        memoryBarrier(gl_ScopeDevice, gl_StorageSemanticsBuffer, gl_SemanticsAcquireRelease);
    }
    sync_group();
    if (before != splits - 1) return;
    for (uint i = gl_LocalInvocationID.x; i < splits * GROUP; i += gl_WorkGroupSize.x)
        stat[i] = vec2(Part(stats).v[2 * i], Part(stats).v[2 * i + 1]);
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < splits * GROUP; i += gl_WorkGroupSize.x) {
        const uint h = i % GROUP;
        float top = NOTHING, sum = 0;
        for (uint s = 0; s < splits; s++) top = max(top, stat[s * GROUP + h].x);
        for (uint s = 0; s < splits; s++) sum += stat[s * GROUP + h].y * exp(stat[s * GROUP + h].x - top);
        share_of[i] = exp(stat[i].x - top) / sum;
    }
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < QUADS; i += gl_WorkGroupSize.x) {
        vec4 sum = vec4(0);
        for (uint s = 0; s < splits; s += 8) {
            vec4 p[8]; // loaded ahead of their use
            [[unroll]] for (uint j = 0; j < 8; j++) p[j] = Part4(all).v[min(s + j, splits - 1) * QUADS + i];
            [[unroll]] for (uint j = 0; j < 8; j++) sum = fma(vec4(s + j < splits ? share_of[(s + j) * GROUP + 4 * i / D] : 0), p[j], sum);
        }
        for (uint j = 0; j < 4; j++) PutF32(out_row).v[4 * i + j] = sum[j];
    }
    if (gl_LocalInvocationID.x == 0) Finished(part).v[index] = 0;
}
