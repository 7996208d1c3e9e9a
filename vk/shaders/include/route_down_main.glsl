// top_k and expert_down in one: the whole of expert_route_down.comp but for the
// bringing of row r's activations into shared memory, take(r). Included after
// dot_unit.glsl.
shared uint slot_expert[TOP_K];
shared float slot_weight[TOP_K];

// A round of an output's units.
struct Round { Unit units[AHEAD]; };

Round load(uint o, uint i) {
    Round t;
    [[unroll]] for (uint j = 0; j < AHEAD; j++) {
        const uint u = min(i + j * SUB, UNITS - 1), slot = u / ROW_UNITS;
        t.units[j] = unit_load(weight_row(w, uint64_t(slot_expert[slot]) * n + min(o, n - 1), K), u % ROW_UNITS);
    }
    return t;
}

float product(Round t, uint i) {
    float sum = 0;
    [[unroll]] for (uint j = 0; j < AHEAD; j++) {
        const uint u = i + j * SUB;
        // SUB and ROW_UNITS are multiples of four: unit u lies in its block as unit i does.
        if (u < UNITS) sum += slot_weight[u / ROW_UNITS] * unit_dot(t.units[j], i, u);
    }
    return sum;
}

// choose leaves the slots' experts in shared memory.
void choose(uint r) {
    if (same(gl_SubgroupID) == 0) {
        route_load(at(logits, r, EXPERTS));
        const Route c = route(TOP_K, false);
        if (gl_SubgroupInvocationID < TOP_K) slot_expert[gl_SubgroupInvocationID] = c.id;
    }
    barrier();
}

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_SubgroupInvocationID, o = gl_WorkGroupID.x * TILE + gl_SubgroupID;
    const bool wanted = r < same(step.v[STEP_ROWS]);
    float plus = 0;
    Round t;
    sync_early();
    if (wanted) {
        // The residual before the weights: a branch behind their loads would wait for them.
        if (res != 0 && lane == 0) plus = Act(at(res, r, n)).v[min(o, n - 1)];
        choose(r);
        t = load(o, lane);
    }
    sync_wait();
    if (wanted) {
        if (gl_LocalInvocationIndex < TOP_K) slot_weight[gl_LocalInvocationIndex] = Act(at(weights, r, TOP_K)).v[gl_LocalInvocationIndex];
        take(r);
        barrier();
        float sum = product(t, lane);
        for (uint i = AHEAD * SUB; i < UNITS; i += AHEAD * SUB) {
            t = load(o, i + lane);
            sum += product(t, i + lane);
        }
        sum = subgroupAdd(sum);
        if (lane == 0 && o < n) PutF32(at(y, r, n)).v[o] = sum + plus;
    }
    sync_done();
}
