package graph

// fuseNorm gives an rms_norm to the products that read it, where each of them
// has a kernel that normalizes for itself: norm and linear become norm_linear;
// norm, top_k and expert_gate_up become topk_gate_up, or, once experts are
// grouped, norm and grouped_gemm_swiglu become expert_norm_swiglu. This saves a
// barrier, and the normalized row is never written to memory. If anything else reads
// the norm, all calls stay as they are.
func fuseNorm(u *unit, calls []Dispatch) []Dispatch {
	drop := make([]bool, len(calls))
	for i := range calls {
		if calls[i].Kernel.Op != OpRMSNorm {
			continue
		}
		fused := u.takeNorm(calls, i)
		for j, f := range fused {
			calls[j] = f.call
			drop[i] = true
			u.matches++
			if f.also >= 0 {
				drop[f.also] = true
			}
		}
	}
	return without(calls, drop)
}

// fusedCall is what takes a call's place, and another call that goes with it,
// or -1.
type fusedCall struct {
	call Dispatch
	also int
}

// takeNorm returns what becomes of each reader of norm i, or nil if any of them
// must stay.
func (u *unit) takeNorm(calls []Dispatch, i int) map[int]fusedCall {
	norm := calls[i]
	h := norm.Args[3].Tensor
	if u.tensors[norm.Args[1].Tensor].Role != Activation || u.tensors[h].Role != Activation {
		return nil
	}
	out := map[int]fusedCall{}
	for _, j := range readers(calls, i, h) {
		f, ok := u.withNorm(calls, norm, j)
		if !ok {
			return nil
		}
		out[j] = f
	}
	return out
}

// withNorm is reader j of a norm's output with the norm in it.
func (u *unit) withNorm(calls []Dispatch, norm Dispatch, j int) (fusedCall, bool) {
	d := calls[j]
	x, w, h := norm.Args[1].Tensor, norm.Args[2].Tensor, norm.Args[3].Tensor
	f := fusedCall{Dispatch{Node: d.Node, Work: d.Work, Rows: d.Rows}, -1}
	switch {
	case d.Kernel.Op == OpLinear && d.Args[2].Tensor == h && d.Args[1].Tensor != h && d.Args[3].Tensor == NoTensor && d.Params[2] == norm.Params[1]:
		f.call.become(OpNormLinear, d.Args[0].Tensor, x, w, d.Args[1].Tensor, d.Args[4].Tensor)
		f.call.Params = []uint32{d.Params[0], d.Params[1], d.Params[2], norm.Params[2]}
	case d.Kernel.Op == OpExpertGateUp && d.Args[3].Tensor == h && norm.Params[1] == StepRows:
		ids := d.Args[4].Tensor
		f.also = producer(calls, j, ids)
		if f.also < 0 || calls[f.also].Kernel.Op != OpTopK || u.readBetween(calls, f.also, j, ids, calls[f.also].Args[3].Tensor) {
			return f, false
		}
		top := calls[f.also]
		f.call.become(OpTopKGateUp, d.Args[0].Tensor, x, w, top.Args[1].Tensor, d.Args[1].Tensor, d.Args[2].Tensor,
			ids, top.Args[3].Tensor, d.Args[5].Tensor)
		f.call.Params = []uint32{d.Params[0], d.Params[1], top.Params[0], top.Params[1], top.Params[2], norm.Params[2], top.Params[3]}
	case d.Kernel.Op == OpGroupedGEMMSwiGLU && d.Args[3].Tensor == h && norm.Params[1] == StepRows:
		f.call.become(OpExpertNormSwiGLU, d.Args[0].Tensor, x, w, d.Args[1].Tensor, d.Args[2].Tensor, d.Args[4].Tensor, d.Args[5].Tensor)
		f.call.Params = append(append([]uint32(nil), d.Params...), norm.Params[2])
	default:
		return f, false
	}
	return f, u.served(&f.call)
}

// readBetween tells whether a call between two reads any of the tensors.
func (u *unit) readBetween(calls []Dispatch, first, last int, ids ...TensorID) bool {
	for i := first + 1; i < last; i++ {
		for _, id := range ids {
			if r, _ := touches(&calls[i], id); r {
				return true
			}
		}
	}
	return false
}
