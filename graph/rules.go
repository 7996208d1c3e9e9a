package graph

// rule is one step of fuse: rewrites that do the same for other calls, or a program
// where a match is no fixed list of calls (all readers of a norm, all products of
// experts, …).
type rule struct {
	name     string
	rewrites []rewrite
	program  func(*unit, []Dispatch) []Dispatch
}

func (r *rule) apply(u *unit, calls []Dispatch) []Dispatch {
	if r.program != nil {
		return r.program(u, calls)
	}
	for i := range r.rewrites {
		calls = r.rewrites[i].apply(u, calls)
	}
	return calls
}

// rules apply once each, in this order, and only where the catalog has the kernels for
// the edge types at hand: a layer of mixed types keeps its separate calls without any
// code that says so.
var rules = []rule{
	// Activations are read once for both products, which never go to memory.
	{name: "gate+up+swiglu", rewrites: []rewrite{{
		into: []string{"expert_gate_up(step gate up x ids y | k n top_k)"},
		when: func(f *found) bool { return f.u.tensors[f.tensor["gate"]].Type == f.u.tensors[f.tensor["up"]].Type },
	}}},
	{name: "norm+products", program: fuseNorm},
	// Down chooses its experts itself, so that it waits only for what gate and up give,
	// and loads its own weights meanwhile. They give it fixed point, which each
	// workgroup of down would have to make of floats.
	{name: "top_k into down, 16 bits", rewrites: []rewrite{{
		match: []string{
			"topk_gate_up(step x norm logits gate up ids weights h | k n experts top_k renormalize eps scale)",
			"expert_down(step w h _ weights res y | n out _)"},
		into: []string{
			"topk_gate_up_q16(step x norm logits gate up ids weights h_fixed | k n experts top_k renormalize eps scale)",
			"topk_down_q16(step w h_fixed logits weights res y | n out experts top_k)"},
		when: func(f *found) bool { return f.param["n"]%16 == 0 },
	}}},
	{name: "top_k into down", rewrites: []rewrite{{
		match: []string{
			"topk_gate_up(step _ _ logits _ _ _ weights h | _ _ experts top_k _ _ _)!",
			"expert_down(step w h _ weights res y | k n _)"},
		into: []string{"topk_down(step w h logits weights res y | k n experts top_k)"},
	}}},
	// The router's logits are w·(norm ⊙ x)/rms(x) with x = x0 + o·a, a product of two
	// products: fold = w·norm·o is made once, and the logits come from x0 and a, beside
	// o and not behind it, without the factor 1/rms(x). It is positive and the same for
	// all experts, so it changes no choice; what normalizes x puts it into the weights
	// (RenormalizeAbsorbed).
	{name: "router absorbed", rewrites: []rewrite{
		absorbed(
			[]string{"topk_gate_up_q16(step x norm logits gate up ids weights h | k f n top_k 1 eps scale)",
				"topk_down_q16(step d h logits weights res y | f out n top_k)"},
			[]string{"topk_gate_up_q16(step x norm unscaled gate up ids weights h | k f n top_k 2 eps scale)",
				"topk_down_q16(step d h unscaled weights res y | f out n top_k)"}),
		absorbed(
			[]string{"topk_gate_up(step x norm logits gate up ids weights h | k f n top_k 1 eps scale)",
				"topk_down(step d h logits weights res y | f out n top_k)"},
			[]string{"topk_gate_up(step x norm unscaled gate up ids weights h | k f n top_k 2 eps scale)",
				"topk_down(step d h unscaled weights res y | f out n top_k)"}),
		absorbed(
			[]string{"topk_gate_up(step x norm logits gate up ids weights h | k f n top_k 1 eps scale)"},
			[]string{"topk_gate_up(step x norm unscaled gate up ids weights h | k f n top_k 2 eps scale)"}),
	}},
	// The rotated queries stay with the workgroups that need them.
	{name: "rope+attention", rewrites: []rewrite{{
		match: []string{
			"rope_store(step q k v q_norm k_norm freqs k_cache v_cache | heads kv_heads head_dim rope_dim page_size eps)",
			"attention_splitkv(step q k_cache v_cache _ part y | heads kv_heads head_dim page_size rsqrt(head_dim))"},
		into: []string{"rope_attention(step q k v q_norm k_norm freqs k_cache v_cache part y | heads kv_heads head_dim rope_dim page_size eps)"},
		when: roomForParts,
	}}},
	{name: "grouped experts", program: groupExperts},
	{name: "norm+grouped experts", program: fuseNorm},
	// For few rows the second product adds up a row's slots itself, of halves.
	{name: "grouped down+combine", rewrites: []rewrite{{
		match: []string{
			"expert_norm_swiglu(step _ _ _ _ _ h | _ _ _ _ _)!",
			"grouped_gemm(step w h groups slots | k n tiles 1)",
			"expert_combine(step slots weights res y | n top_k)"},
		into: []string{"expert_down_group(step w h groups weights res y | k n tiles top_k)"},
		half: "h",
	}}},
	{name: "top_k+sort", rewrites: []rewrite{{
		into: []string{"topk_sort(step logits ids weights groups | experts top_k norm scale tile tiles)"}}}},
	{name: "router of few rows absorbed", rewrites: []rewrite{
		absorbed(
			[]string{"topk_sort(step logits ids weights groups | n top_k 1 scale tile tiles)"},
			[]string{"topk_sort_absorbed(step unscaled x ids weights groups | n top_k scale tile tiles k eps)"}),
	}},
	// The first half of few rows' experts finds its places itself and waits for no
	// list, which stays for the second half, beside the first.
	{name: "experts choose by themselves", rewrites: []rewrite{{
		match: []string{
			"topk_sort(step logits _ _ groups | experts top_k _ _ _ _)!",
			"expert_norm_swiglu(step x norm gate up groups y | k n _ top_k eps)"},
		into: []string{"topk_grouped_swiglu(step x norm gate up logits y | k n experts top_k eps)"},
	}, {
		match: []string{
			"topk_sort_absorbed(step logits _ _ _ groups | experts top_k _ _ _ _ _)!",
			"expert_norm_swiglu(step x norm gate up groups y | k n _ top_k eps)"},
		into: []string{"topk_grouped_swiglu(step x norm gate up logits y | k n experts top_k eps)"},
	}}},
	// One workgroup takes a few rows and the heads of a kv head together, and no parts
	// go through memory.
	{name: "attention of rows together", rewrites: []rewrite{{
		match: []string{"attention_splitkv(step q k_cache v_cache _ _ y | heads kv_heads head_dim page_size scale)"},
		into:  []string{"attention(step q k_cache v_cache y | heads kv_heads head_dim page_size scale)"},
		when:  func(f *found) bool { return f.root().Rows >= MinGroupedRows },
		way:   true,
	}}},
	{name: "activations as f16", program: useF16},
	// Where no product took the norm of the wanted rows, as for an output matrix of Q8_0.
	{name: "gather+norm", rewrites: []rewrite{{into: []string{"gather_norm(step x w y | n eps)"}}}},
	// One workgroup alone is far slower at reading logits than the device is.
	{name: "argmax in parts", rewrites: []rewrite{{
		match: []string{"argmax(step logits sampled | n)"},
		into:  []string{"argmax_partial(step logits partials | n)", "argmax_final(step partials sampled | n)"},
	}}},
}

// absorbed is the rewrite of a router, and of the calls that choose experts by its
// logits, as one that does not wait for the attention's output matrix.
func absorbed(choice, into []string) rewrite {
	return rewrite{
		match: append([]string{
			"linear(step o a x0 x | j k 0)!",
			"norm_linear(step x norm w logits | k n 0 eps)"}, choice...),
		into:    append([]string{"router_absorbed(step x0 norm w a fold unscaled | k n j)"}, into...),
		prepare: "absorb_router(step w norm o fold | j k n)",
	}
}

// roomForParts tells whether attention's memory has room for rope_attention's counters
// and scratch.
func roomForParts(f *found) bool {
	rows, dim, heads := uint64(f.root().Rows), uint64(f.param["head_dim"]), uint64(f.param["heads"])
	have, _ := f.u.tensors[f.tensor["part"]].Shape.Elements()
	return have >= AttentionCounters+(dim+2)*heads*AttentionSplits*rows && uint64(f.param["kv_heads"])*rows <= AttentionCounters
}

// Rules names the rules of fuse: see Plan.Rules.
func Rules() []string {
	out := make([]string, len(rules))
	for i, r := range rules {
		out[i] = r.name
	}
	return out
}
