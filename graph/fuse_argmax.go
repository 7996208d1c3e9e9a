package graph

import "moeflow/gguf/quant"

// shareArgMax shares the logits of a row out to many workgroups, where there are
// kernels for that: one alone is far slower at reading them than the device is.
func shareArgMax(u *unit, calls []Dispatch) []Dispatch {
	var out []Dispatch
	for i := range calls {
		d := calls[i]
		if d.Kernel.Op != OpArgMax {
			out = append(out, d)
			continue
		}
		logits := &u.tensors[d.Args[1].Tensor]
		n, rows := uint64(d.Params[0]), logits.Shape[1]
		shares := Tensor{Name: logits.Name + " by shares", Type: quant.U32, Role: Activation, Shape: Shape{2, (n + ArgMaxShare - 1) / ArgMaxShare, rows}}
		u.tensors = append(u.tensors, shares)
		id := TensorID(len(u.tensors) - 1)
		part := Dispatch{Node: d.Node, Work: d.Work, Rows: d.Rows, Params: d.Params}
		join := part
		part.become(OpArgMaxShares, d.Args[0].Tensor, d.Args[1].Tensor, id)
		join.become(OpArgMaxJoin, d.Args[0].Tensor, id, d.Args[2].Tensor)
		if u.served(&part) && u.served(&join) {
			out = append(out, part, join)
			continue
		}
		u.tensors = u.tensors[:id]
		out = append(out, d)
	}
	return out
}
