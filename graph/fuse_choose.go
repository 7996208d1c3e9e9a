package graph

// chooseAgain lets the first half of few rows' experts find its places itself, from
// the logits that top_k_group has them from: expert_norm_swiglu becomes
// expert_route_swiglu, which waits for no list. top_k_group stays for the second
// half, beside the first.
func chooseAgain(u *unit, calls []Dispatch) []Dispatch {
	for i := range calls {
		d := calls[i]
		if d.Kernel.Op != OpExpertNormSwiGLU {
			continue
		}
		p := producer(calls, i, d.Args[5].Tensor)
		if p < 0 || calls[p].Kernel.Op != OpTopKGroup && calls[p].Kernel.Op != OpTopKGroupAhead {
			continue
		}
		experts, topK := calls[p].Params[0], calls[p].Params[1]
		if d.Params[3] != topK {
			continue
		}
		f := Dispatch{Node: d.Node, Work: [3]uint32{d.Params[1], 1, 1}, Rows: d.Rows, Params: []uint32{d.Params[0], d.Params[1], experts, topK, d.Params[4]}}
		f.become(OpRouteSwiGLU, d.Args[0].Tensor, d.Args[1].Tensor, d.Args[2].Tensor, d.Args[3].Tensor, d.Args[4].Tensor, calls[p].Args[1].Tensor, d.Args[6].Tensor)
		if u.served(&f) {
			calls[i] = f
		}
	}
	return calls
}
