// Sums and maxima over a workgroup. Shared memory is used only where the
// workgroup has more than one subgroup. Every invocation must call them.
const uint MAX_SUBGROUPS = 1024;
shared float reduce_part[MAX_SUBGROUPS];

float group_sum(float v) {
    v = subgroupAdd(v);
    if (gl_NumSubgroups > 1) {
        barrier();
        if (gl_SubgroupInvocationID == 0) reduce_part[gl_SubgroupID] = v;
        barrier();
        v = 0;
        for (uint i = 0; i < gl_NumSubgroups; i++) v += reduce_part[i];
    }
    return v;
}
