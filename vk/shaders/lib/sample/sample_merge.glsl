// The first tokens of a row from those of its partials. Included after
// sample/sample_logits.glsl; the push constants have the address partials.
// The lists lie where logits do otherwise.
shared float first_logit[CANDIDATES];
shared uint first_id[CANDIDATES];

uint64_t partial_at(uint j, uint p) { return at(partials, j * partial_count() + p, PARTIAL_WORDS); }

// merge puts the first k of the lists at that word of all partials, of k tokens each
// in their order, into first_logit and first_id. A token's rank is its place in its own
// list and the tokens of the others before it, counted until they are k.
void merge(uint j, uint k, uint word) {
    const uint lane = gl_LocalInvocationID.x, step_by = gl_WorkGroupSize.x, all = partial_count() * k;
    barrier();
    for (uint c = lane; c < all; c += step_by) {
        const uint64_t from = partial_at(j, c / k) + 4 * word;
        words[c] = ActU(from).v[2 * (c % k)];
        words[MERGED + c] = ActU(from).v[2 * (c % k) + 1];
    }
    for (uint i = lane; i < CANDIDATES; i += step_by) {
        first_logit[i] = LEAST;
        first_id[i] = NONE;
    }
    barrier();
    for (uint c = lane; c < all; c += step_by) {
        const float v = logit_at(c);
        const uint id = words[MERGED + c];
        uint rank = id == NONE ? k : c % k;
        for (uint list = 0; list < all && rank < k; list += k) {
            if (list == c - c % k) continue;
            for (uint i = list; i < list + k && rank < k && before(logit_at(i), words[MERGED + i], v, id); i++) rank++;
        }
        if (rank < k) {
            first_logit[rank] = v;
            first_id[rank] = id;
        }
    }
    barrier();
}

// merged_sum adds up what the partials have at word, each scaled from its own largest,
// at word largest, to the row's.
float merged_sum(uint j, uint word, uint largest, float top, float scale) {
    float sum = 0;
    for (uint p = gl_LocalInvocationID.x; p < partial_count(); p += gl_WorkGroupSize.x) {
        const float own = uintBitsToFloat(ActU(partial_at(j, p)).v[largest]);
        if (own > LEAST) sum += uintBitsToFloat(ActU(partial_at(j, p)).v[word]) * exp((own - top) * scale);
    }
    return group_sum(sum);
}
