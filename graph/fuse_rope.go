package graph

import "math"

// fuseRope joins rope_store and the attention_split that reads its queries
// where a kernel does both: a barrier goes, and the rotated queries stay with
// the workgroups that need them. Rows of one sequence in a step are the kernel's
// matter.
func fuseRope(u *unit, calls []Dispatch) []Dispatch {
	drop := make([]bool, len(calls))
	for i := range calls {
		if calls[i].Kernel.Op != OpAttentionSplit {
			continue
		}
		if j := producer(calls, i, calls[i].Args[1].Tensor); j >= 0 {
			if f, ok := u.withRope(calls, j, i); ok {
				calls[i] = f
				drop[j] = true
			}
		}
	}
	return without(calls, drop)
}

// withRope is attention i with rope_store j in it.
func (u *unit) withRope(calls []Dispatch, j, i int) (Dispatch, bool) {
	r, a := calls[j], calls[i]
	q, kc, vc, part := a.Args[1].Tensor, a.Args[2].Tensor, a.Args[3].Tensor, a.Args[5].Tensor
	if r.Kernel.Op != OpRopeStore || r.Args[1].Tensor != q || r.Args[7].Tensor != kc || r.Args[8].Tensor != vc || u.readBetween(calls, j, i, q, kc, vc) || len(readers(calls, i, q)) > 0 {
		return a, false
	}
	heads, d := uint64(r.Params[0]), uint64(r.Params[2])
	rows, counters := uint64(a.Rows), uint64(AttentionCounters)
	room := counters + (d+2)*heads*AttentionSlots*rows
	if n, _ := u.tensors[part].Shape.Elements(); n < room || uint64(r.Params[1])*rows > counters ||
		a.Params[4] != math.Float32bits(float32(1/math.Sqrt(float64(d)))) {
		return a, false
	}
	f := Dispatch{Node: a.Node, Work: a.Work, Rows: a.Rows, Params: r.Params}
	f.become(OpRopeAttention, r.Args[0].Tensor, q, r.Args[2].Tensor, r.Args[3].Tensor, r.Args[4].Tensor, r.Args[5].Tensor, r.Args[6].Tensor,
		kc, vc, part, a.Args[6].Tensor)
	return f, u.served(&f)
}
