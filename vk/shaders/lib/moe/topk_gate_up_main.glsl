// rms_norm, top_k and expert_gate_up in one: the whole of topk_gate_up.comp
// but for what becomes of an output, which is give's, and of all a workgroup's
// outputs, which is given's: emit(r, s, o, v) takes output o of choice s of row r from
// one invocation, emitted(r, s) is called by all of the workgroup after the last.
// A subgroup's way: unit u of output o and what follows.
struct Assignment { uint o, u; };

// next is the following assignment. Where a subgroup takes a whole row at once this
// shows that u never changes, so that what is made of it is made once.
Assignment next(Assignment p) {
    return UNITS > SUB && p.u - gl_SubgroupInvocationID + SUB < UNITS ? Assignment(p.o, p.u + SUB)
                                                                       : Assignment(p.o + WARPS, gl_SubgroupInvocationID);
}

Pair load(uint64_t first, Assignment p) {
    const uint64_t row = first + p.o;
    return pair_load(weight_row(gate, row, K), weight_row(up, row, K), p.u);
}

// puts tells whether this workgroup writes the row's choice.
bool puts() { return gl_WorkGroupID.x == 0 && gl_WorkGroupID.y == 0; }

// choose takes the experts out up to choice s, or all of them.
Route choose(uint r, uint s) {
    route_load(at(logits, r, EXPERTS));
    return route(puts() ? top_k : s + 1, puts() && renormalize == 0);
}

// store writes the choice, by one subgroup.
void store(uint r, Route c, float factor) {
    const float weight = route_weight(c, top_k, renormalize != 0, renormalize == RENORMALIZE_ABSORBED ? factor : 1, scale);
    if (gl_SubgroupInvocationID < top_k) {
        PutU32(at(ids, r, top_k)).v[gl_SubgroupInvocationID] = c.id;
        PutF32(at(weights, r, top_k)).v[gl_SubgroupInvocationID] = weight;
    }
}

// outputs computes the workgroup's outputs: row o of gate and of up together,
// two steps loaded ahead.
void outputs(uint r, uint s, Route c) {
    const uint64_t first = uint64_t(subgroupShuffle(c.id, s)) * n;
    const uint end = min(n, (gl_WorkGroupID.x + 1) * TILE);
    Assignment p = Assignment(gl_WorkGroupID.x * TILE + gl_SubgroupID, gl_SubgroupInvocationID), prefetched = next(p);
    Pair a = load(first, Assignment(min(p.o, n - 1), p.u)), b = load(first, Assignment(min(prefetched.o, n - 1), prefetched.u));
    prefetched = next(prefetched);
    const float norm_first = norm_prefetch(norm);
    sync_wait();
    norm_load(at(x, r, K), norm, row_prefetch(at(x, r, K)), norm_first);
    barrier();
    const float factor = norm_factor(eps);
    if (puts() && gl_SubgroupID == 0) store(r, c, factor);
    vec2 sum = vec2(0);
    while (p.o < end) {
        const Pair now = a;
        a = b;
        if (prefetched.o < end) b = load(first, prefetched);
        prefetched = next(prefetched);
        sum += pair_dot(now, p.u);
        const Assignment then = next(p);
        if (then.o != p.o) {
            sum = factor * subgroupAdd(sum);
            if (gl_SubgroupInvocationID == 0) emit(r, s, p.o, silu(sum.x) * sum.y);
            sum = vec2(0);
        }
        p = then;
    }
    emitted(r, s);
}

void main() {
    const uint s = gl_WorkGroupID.y, r = gl_WorkGroupID.z;
    sync_early();
    if (r < subgroup_uniform(step.v[STEP_ROWS])) outputs(r, s, choose(r, s));
    else sync_wait(); // the report says that all dispatches before are done too
    sync_done();
}
