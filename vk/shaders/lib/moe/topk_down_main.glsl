// top_k and expert_down in one: the whole of topk_down.comp but for the
// bringing of row r's activations into shared memory, load(r). Included after
// dot_unit.glsl.
shared uint choice_expert[TOP_K];
shared float choice_weight[TOP_K];

// A round of an output's units.
struct Round { Unit units[PREFETCH]; };

Round load(uint o, uint i) {
    Round t;
    [[unroll]] for (uint j = 0; j < PREFETCH; j++) {
        const uint u = min(i + j * SUB, UNITS - 1), choice = u / ROW_UNITS;
        t.units[j] = unit_load(weight_row(w, uint64_t(choice_expert[choice]) * n + min(o, n - 1), K), u % ROW_UNITS);
    }
    return t;
}

float product(Round t, uint i) {
    float sum = 0;
    [[unroll]] for (uint j = 0; j < PREFETCH; j++) {
        const uint u = i + j * SUB;
        // SUB and ROW_UNITS are multiples of four: unit u lies in its block as unit i does.
        if (u < UNITS) sum += choice_weight[u / ROW_UNITS] * unit_dot(t.units[j], i, u);
    }
    return sum;
}

// choose leaves the choices' experts in shared memory.
void choose(uint r) {
    if (subgroup_uniform(gl_SubgroupID) == 0) {
        route_load(at(logits, r, EXPERTS));
        const Route c = route(TOP_K, false);
        if (gl_SubgroupInvocationID < TOP_K) choice_expert[gl_SubgroupInvocationID] = c.id;
    }
    barrier();
}

void main() {
    const uint r = gl_WorkGroupID.y, lane = gl_SubgroupInvocationID, o = gl_WorkGroupID.x * TILE + gl_SubgroupID;
    const bool wanted = r < subgroup_uniform(step.v[STEP_ROWS]);
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
        if (gl_LocalInvocationIndex < TOP_K) choice_weight[gl_LocalInvocationIndex] = Act(at(weights, r, TOP_K)).v[gl_LocalInvocationIndex];
        load(r);
        barrier();
        float sum = product(t, lane);
        for (uint i = PREFETCH * SUB; i < UNITS; i += PREFETCH * SUB) {
            t = load(o, i + lane);
            sum += product(t, i + lane);
        }
        sum = subgroupAdd(sum);
        if (lane == 0 && o < n) PutF32(at(y, r, n)).v[o] = sum + plus;
    }
    sync_done();
}
