package graph

// fuseDown lets expert_down choose the experts from the logits itself where
// expert_route_gate_up has done the same: it then need not wait for that one's
// choice, only for its activations and weights, and can load its own meanwhile.
func fuseDown(u *unit, calls []Dispatch) []Dispatch {
	for i := range calls {
		d := calls[i]
		if d.Kernel.Op != OpExpertDown {
			continue
		}
		p := producer(calls, i, d.Args[3].Tensor)
		if p < 0 || calls[p].Kernel.Op != OpRouteGateUp || calls[p].Args[7].Tensor != d.Args[4].Tensor {
			continue
		}
		f := withRoute(calls[p], d)
		if u.served(&f) {
			calls[i] = f
		}
	}
	return calls
}

// withRoute is expert_down that chooses as expert_route_gate_up does.
func withRoute(top, d Dispatch) Dispatch {
	f := Dispatch{Node: d.Node, Work: d.Work, Rows: d.Rows, Params: []uint32{d.Params[0], d.Params[1], top.Params[2], top.Params[3]}}
	f.become(OpRouteDown, d.Args[0].Tensor, d.Args[1].Tensor, d.Args[2].Tensor, top.Args[3].Tensor, d.Args[4].Tensor, d.Args[5].Tensor, d.Args[6].Tensor)
	return f
}
