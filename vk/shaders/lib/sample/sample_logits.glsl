// A partial of a row of logits in shared memory, as the model gave them and then
// after mask, bias and penalties. Included after sample/sample_row.glsl; the push constants
// also have the addresses logits, mask and recent.
shared uint words[PARTIAL]; // as bits, since lists of tokens also lie there

float logit_at(uint i) { return uintBitsToFloat(words[i]); }
void logit_set(uint i, float v) { words[i] = floatBitsToUint(v); }

shared uint flying[RECENT]; // tokens that the host does not know yet, the last one first
shared uint listed[RECENT]; // 1 where such a token is among those that the host names

uint partial_size(uint first) { return min(PARTIAL, n - first); }

// logits_load puts tokens first on into logit, minus infinity behind the vocabulary.
void logits_load(uint j, uint first) {
    const uint64_t row = at(logits, j, n);
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < PARTIAL; i += 4 * gl_WorkGroupSize.x) {
        float v[4];
        [[unroll]] for (uint u = 0; u < 4; u++) v[u] = Act(row).v[min(first + i + u * gl_WorkGroupSize.x, n - 1)];
        [[unroll]] for (uint u = 0; u < 4; u++) {
            const uint at = i + u * gl_WorkGroupSize.x;
            if (at < PARTIAL) logit_set(at, first + at < n ? v[u] : LEAST);
        }
    }
    barrier();
}

// changed is a logit after a bias and penalties. What is no finite number stays.
float changed(uint j, float v, float bias, bool repeated, uint count) {
    if ((floatBitsToUint(v) & 0x7f800000u) == 0x7f800000u) return v;
    const float repeat = row_float(j, 5);
    v += bias;
    if (repeated) v = v > 0 ? v / repeat : v * repeat;
    if (count > 0) v -= float(count) * row_float(j, 6) + row_float(j, 7);
    return clamp(v, -3.402823466e38, 3.402823466e38);
}

// flying_count is how often a token is among those in flight, and whether within the
// repeat penalty's window.
uint flying_count(uint j, uint id, uint from, inout bool repeated) {
    uint count = 0;
    for (uint r = from; r < row_uint(j, 10); r++) {
        if (flying[r] != id) continue;
        count++;
        repeated = repeated || r < row_uint(j, 9);
    }
    return count;
}

// logits_change applies mask, bias and penalties to logit.
void logits_change(uint j, uint first, uint slot, uint position) {
    const uint size = partial_size(first), lane = gl_LocalInvocationID.x, step_by = gl_WorkGroupSize.x;
    const uint fly = row_uint(j, 10), touched = row_uint(j, 11), list = row_uint(j, 12);
    if (row_masked(j)) {
        const uint64_t bits = at(mask, j, (n + 31) / 32);
        for (uint i = lane; i < size; i += step_by)
            if ((U32(bits).v[(first + i) / 32] >> ((first + i) & 31) & 1) == 0) logit_set(i, LEAST);
        barrier();
    }
    if (fly + touched == 0) return;
    for (uint r = lane; r < RECENT; r += step_by) {
        flying[r] = r < fly ? ActU(at(recent, slot, RECENT)).v[(position - 1 - r) % RECENT] : 0xffffffffu;
        listed[r] = 0;
    }
    barrier();
    for (uint e = lane; e < touched; e += step_by) {
        const uint id = sampling.v[list + SAMPLE_TOUCHED * e], word = sampling.v[list + SAMPLE_TOUCHED * e + 1];
        if (id - first >= size) continue; // below first wraps around
        bool repeated = (word & 1) != 0;
        const uint count = (word >> 1) + flying_count(j, id, 0, repeated);
        for (uint r = 0; r < fly; r++) if (flying[r] == id) listed[r] = 1;
        logit_set(id - first, changed(j, logit_at(id - first), uintBitsToFloat(sampling.v[list + SAMPLE_TOUCHED * e + 2]), repeated, count));
    }
    barrier();
    for (uint r = lane; r < fly; r += step_by) {
        const uint id = flying[r];
        bool mine = listed[r] == 0 && id - first < size; // and the first of equal ones
        for (uint q = 0; q < r; q++) mine = mine && flying[q] != id;
        if (!mine) continue;
        bool repeated = false;
        const uint count = flying_count(j, id, r, repeated);
        logit_set(id - first, changed(j, logit_at(id - first), 0, repeated, count));
    }
    barrier();
}
