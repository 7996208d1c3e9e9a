package graph

// attendTogether leaves attention of rows that are worth grouping to one
// workgroup a few rows, where a kernel is meant for such a number: it takes the
// heads of a kv head together and shares a row's positions out by itself, so
// that no parts go through memory.
func attendTogether(u *unit, calls []Dispatch) []Dispatch {
	for i := range calls {
		d := &calls[i]
		if d.Kernel.Op != OpAttentionSplit || d.Rows < GroupRows {
			continue
		}
		f := Dispatch{Node: d.Node, Rows: d.Rows, Params: d.Params, Work: [3]uint32{d.Params[0], d.Rows, 1}}
		f.become(OpAttention, d.Args[0].Tensor, d.Args[1].Tensor, d.Args[2].Tensor, d.Args[3].Tensor, d.Args[6].Tensor)
		probe := f
		probe.Kernel.Type = u.tensors[d.Args[2].Tensor].Type
		if info, ok := u.choose(&probe); ok && info.Rows[1] != 0 {
			calls[i] = f
		}
	}
	return calls
}
