package graph

// fuseGroup lets top_k list the chosen experts' rows itself, where a kernel is
// meant for a step of so few rows: top_k and expert_group become top_k_group. It
// takes the place of expert_group, so nothing before that may read the choice.
func fuseGroup(u *unit, calls []Dispatch) []Dispatch {
	drop := make([]bool, len(calls))
	for i := range calls {
		group := calls[i]
		if group.Kernel.Op != OpExpertGroup {
			continue
		}
		ids := group.Args[1].Tensor
		p := producer(calls, i, ids)
		if p < 0 || drop[p] || calls[p].Kernel.Op != OpTopK || u.readBetween(calls, p, i, ids, calls[p].Args[3].Tensor) {
			continue
		}
		top := calls[p]
		f := Dispatch{Node: group.Node, Work: top.Work, Rows: top.Rows,
			Params: append(append([]uint32(nil), top.Params...), group.Params[2], group.Params[3])}
		f.become(OpTopKGroup, top.Args[0].Tensor, top.Args[1].Tensor, ids, top.Args[3].Tensor, group.Args[2].Tensor)
		if u.served(&f) {
			calls[i], drop[p] = f, true
		}
	}
	return without(calls, drop)
}
