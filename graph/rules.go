package graph

// rule is one step of fuse: a rewrite, or a program where a match is no fixed list of
// calls (all readers of a norm, all calls that choose experts, …).
type rule struct {
	name    string
	rewrite *rewrite
	program func(*unit, []Dispatch) []Dispatch
}

func (r *rule) apply(u *unit, calls []Dispatch) []Dispatch {
	if r.rewrite != nil {
		return r.rewrite.apply(u, calls)
	}
	return r.program(u, calls)
}

// rules apply once each, in this order, and only where the catalog has the kernels for
// the edge types at hand: a layer of mixed types keeps its separate calls without any
// code that says so.
var rules = []rule{
	// Activations are read once for both products, which never go to memory.
	{name: "gate+up+swiglu", rewrite: &rewrite{
		into: []string{"expert_gate_up(step gate up x ids y | k n top_k)"},
		when: func(f *found) bool { return f.u.tensors[f.tensor["gate"]].Type == f.u.tensors[f.tensor["up"]].Type },
	}},
	{name: "norm+products", program: fuseNorm},
	// Down chooses its experts itself, so that it waits only for what gate and up give,
	// and loads its own weights meanwhile. They give it fixed point, which each
	// workgroup of down would have to make of floats.
	{name: "route+down in fixed point", rewrite: &rewrite{
		match: []string{
			"topk_gate_up(step x norm logits gate up ids weights h | k n experts top_k renormalize eps scale)",
			"expert_down(step w h _ weights res y | n out _)"},
		into: []string{
			"topk_gate_up_q16(step x norm logits gate up ids weights h_fixed | k n experts top_k renormalize eps scale)",
			"topk_down_q16(step w h_fixed logits weights res y | n out experts top_k)"},
		when: func(f *found) bool { return f.param["n"]%16 == 0 },
	}},
	{name: "route+down", rewrite: &rewrite{
		match: []string{
			"topk_gate_up(step _ _ logits _ _ _ weights h | _ _ experts top_k _ _ _)!",
			"expert_down(step w h _ weights res y | k n _)"},
		into: []string{"topk_down(step w h logits weights res y | k n experts top_k)"},
	}},
	{name: "router ahead of o", program: topKAbsorbed},
	// The rotated queries stay with the workgroups that need them.
	{name: "rope+attention", rewrite: &rewrite{
		match: []string{
			"rope_store(step q k v q_norm k_norm freqs k_cache v_cache | heads kv_heads head_dim rope_dim page_size eps)",
			"attention_splitkv(step q k_cache v_cache _ part y | heads kv_heads head_dim page_size rsqrt(head_dim))"},
		into: []string{"rope_attention(step q k v q_norm k_norm freqs k_cache v_cache part y | heads kv_heads head_dim rope_dim page_size eps)"},
		when: roomForParts,
	}},
	{name: "experts by group", program: groupExperts},
	{name: "norm+experts by group", program: fuseNorm},
	// For few rows the second product adds up a row's slots itself, of halves.
	{name: "down+combine by group", rewrite: &rewrite{
		match: []string{
			"expert_norm_swiglu(step _ _ _ _ _ h | _ _ _ _ _)!",
			"grouped_gemm(step w h groups slots | k n tiles 1)",
			"expert_combine(step slots weights res y | n top_k)"},
		into: []string{"expert_down_group(step w h groups weights res y | k n tiles top_k)"},
		half: "h",
	}},
	{name: "top_k+group", rewrite: &rewrite{
		into: []string{"topk_sort(step logits ids weights groups | experts top_k norm scale tile tiles)"}}},
	{name: "router of few rows ahead of o", program: topKSortAbsorbed},
	// The first half of few rows' experts finds its places itself and waits for no
	// list, which stays for the second half, beside the first.
	{name: "experts choose by themselves", rewrite: &rewrite{
		match: []string{
			"topk_sort(step logits _ _ groups | experts top_k _ _ _ _)!",
			"expert_norm_swiglu(step x norm gate up groups y | k n _ top_k eps)"},
		into: []string{"topk_grouped_swiglu(step x norm gate up logits y | k n experts top_k eps)"},
	}},
	{name: "experts choose by logits from ahead of o", rewrite: &rewrite{
		match: []string{
			"topk_sort_absorbed(step logits _ _ _ groups | experts top_k _ _ _ _ _)!",
			"expert_norm_swiglu(step x norm gate up groups y | k n _ top_k eps)"},
		into: []string{"topk_grouped_swiglu(step x norm gate up logits y | k n experts top_k eps)"},
	}},
	// One workgroup takes a few rows and the heads of a kv head together, and no parts
	// go through memory.
	{name: "attention of rows together", rewrite: &rewrite{
		match: []string{"attention_splitkv(step q k_cache v_cache _ _ y | heads kv_heads head_dim page_size scale)"},
		into:  []string{"attention(step q k_cache v_cache y | heads kv_heads head_dim page_size scale)"},
		when:  func(f *found) bool { return f.root().Rows >= MinGroupedRows },
		way:   true,
	}},
	{name: "activations as halves", program: useF16},
	// Where no product took the norm of the wanted rows, as for an output matrix of Q8_0.
	{name: "gather+norm", rewrite: &rewrite{into: []string{"gather_norm(step x w y | n eps)"}}},
	// One workgroup alone is far slower at reading logits than the device is.
	{name: "argmax by shares", rewrite: &rewrite{
		match: []string{"argmax(step logits sampled | n)"},
		into:  []string{"argmax_partial(step logits partials | n)", "argmax_final(step partials sampled | n)"},
	}},
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
