package graph

// attendTogether leaves attention of rows that are worth grouping to one
// workgroup a few rows, where the order of attention_split gives way to a kernel
// of attention: that takes the heads of a kv head together and shares a row's
// positions out by itself, so that no parts go through memory.
func attendTogether(u *unit, calls []Dispatch) []Dispatch {
	for i := range calls {
		d := &calls[i]
		if d.Kernel.Op != OpAttentionSplit || d.Rows < GroupRows {
			continue
		}
		f := Dispatch{Node: d.Node, Rows: d.Rows, Params: d.Params, Work: [3]uint32{d.Params[0], d.Rows, 1}}
		f.become(OpAttention, d.Args[0].Tensor, d.Args[1].Tensor, d.Args[2].Tensor, d.Args[3].Tensor, d.Args[6].Tensor)
		if u.givesWay(d, &f) {
			calls[i] = f
		}
	}
	return calls
}
