// The sum and the maximum over a subgroup of SUB invocations, all of which take part. In
// a branch or a loop subgroupAdd is compiled for any that might be missing too, which
// is three times the code.
float subgroup_sum(float v) {
    [[unroll]] for (uint m = 1; m < SUB; m *= 2) v += subgroupShuffleXor(v, m);
    return v;
}

float subgroup_max(float v) {
    [[unroll]] for (uint m = 1; m < SUB; m *= 2) v = max(v, subgroupShuffleXor(v, m));
    return v;
}
