package graph

import "moeflow/gguf/quant"

// topKAbsorbed takes the router out of the chain of dispatches. Its logits are
//
//	w·(norm ⊙ x)/rms(x),  x = x0 + o·a,
//
// a product of two products. So w·norm·o is computed once, when the plan is loaded
// (OpAbsorbRouter), and the logits come from x0 and a, at the same time as x, without
// the factor 1/rms(x). That factor is positive and the same for all experts, so it
// changes no choice; topk_gate_up, which normalizes x, applies it to the
// weights. Gate, up and down then know their experts before o is done.
func topKAbsorbed(u *unit, calls []Dispatch) []Dispatch {
	reads := uses(calls, len(u.tensors))
	for i := range calls {
		d := calls[i]
		if d.Kernel.Op != OpNormLinear || d.Params[2] != StepRows {
			continue
		}
		x, norm, logits := d.Args[1].Tensor, d.Args[2].Tensor, d.Args[4].Tensor
		route := u.routers(calls, i, x, norm, logits)
		if route == nil || len(readers(calls, i, logits)) != reads[logits] || !u.servedAbsorbed(calls, route) || !u.takeOut(calls, i) {
			continue
		}
		for _, j := range route {
			calls[j].Params[4] = RenormalizeAbsorbed
		}
		u.matches++
	}
	return calls
}

// topKSortAbsorbed does the same for few rows. There topk_sort chooses and lists the
// experts, and computes the factor itself.
func topKSortAbsorbed(u *unit, calls []Dispatch) []Dispatch {
	reads := uses(calls, len(u.tensors))
	for i := range calls {
		top := calls[i]
		if top.Kernel.Op != OpTopKSort || top.Params[2] != 1 {
			continue
		}
		logits := top.Args[1].Tensor
		p := producer(calls, i, logits)
		if p < 0 || calls[p].Kernel.Op != OpNormLinear || calls[p].Params[2] != StepRows || reads[logits] != 1 {
			continue
		}
		norm := calls[p] // of k n active eps
		f := Dispatch{Node: top.Node, Work: top.Work, Rows: top.Rows,
			Params: []uint32{top.Params[0], top.Params[1], top.Params[3], top.Params[4], top.Params[5], norm.Params[0], norm.Params[3]}}
		f.become(OpTopKSortAbsorbed, top.Args[0].Tensor, logits, norm.Args[1].Tensor, top.Args[2].Tensor, top.Args[3].Tensor, top.Args[4].Tensor)
		if u.served(&f) && u.takeOut(calls, p) {
			calls[i] = f
			u.matches++
		}
	}
	return calls
}

// takeOut rewrites a router, call i, which normalizes the result of an output matrix,
// as one that does not wait for that matrix. It tells whether there are kernels for it.
func (u *unit) takeOut(calls []Dispatch, i int) bool {
	d := calls[i]
	x, norm, w, logits := d.Args[1].Tensor, d.Args[2].Tensor, d.Args[3].Tensor, d.Args[4].Tensor
	p := producer(calls, i, x)
	if p < 0 {
		return false
	}
	o := calls[p]
	if o.Kernel.Op != OpLinear || o.Args[3].Tensor == NoTensor || o.Params[2] != StepRows {
		return false
	}
	ahead := Dispatch{Node: d.Node, Work: d.Work, Rows: d.Rows, Params: []uint32{d.Params[0], d.Params[1], o.Params[0]}}
	fold := u.foldOf(o.Args[1].Tensor, w)
	ahead.become(OpRouterAbsorbed, d.Args[0].Tensor, o.Args[3].Tensor, norm, w, o.Args[2].Tensor, fold, logits)
	prepare := Dispatch{Node: d.Node, Work: [3]uint32{o.Params[0], d.Params[1], 1}, Rows: 1, Params: []uint32{o.Params[0], o.Params[1], d.Params[1]}}
	prepare.become(OpAbsorbRouter, d.Args[0].Tensor, w, norm, o.Args[1].Tensor, fold)
	if !u.served(&ahead) || !u.served(&prepare) {
		u.tensors = u.tensors[:len(u.tensors)-1]
		return false
	}
	calls[i] = ahead
	u.prepare = append(u.prepare, prepare)
	return true
}

// foldOf makes the edge of the product of a router and an output matrix.
func (u *unit) foldOf(o, w TensorID) TensorID {
	u.tensors = append(u.tensors, Tensor{Name: u.tensors[w].Name + " * " + u.tensors[o].Name, Type: quant.F32, Role: Derived,
		Shape: Shape{u.tensors[o].Shape[0], u.tensors[w].Shape[1]}})
	return TensorID(len(u.tensors) - 1)
}

// routers lists the calls that choose experts by the logits and normalize x themselves.
// Besides them only down may read the logits, of which it needs the order alone; with
// any other reader the list is nil.
func (u *unit) routers(calls []Dispatch, i int, x, norm, logits TensorID) []int {
	var out []int
	for _, j := range readers(calls, i, logits) {
		d := &calls[j]
		switch {
		case (d.Kernel.Op == OpTopKGateUp || d.Kernel.Op == OpTopKGateUpQ16) && d.Args[1].Tensor == x && d.Args[2].Tensor == norm && d.Args[3].Tensor == logits && d.Params[4] == 1:
			out = append(out, j)
		case (d.Kernel.Op == OpTopKDown || d.Kernel.Op == OpTopKDownQ16) && d.Args[3].Tensor == logits:
		default:
			return nil
		}
	}
	return out
}

// servedAbsorbed tells whether there are kernels for calls with logits that lack
// the norm's factor.
func (u *unit) servedAbsorbed(calls []Dispatch, route []int) bool {
	for _, j := range route {
		d := calls[j]
		d.Params = append([]uint32(nil), d.Params...)
		if d.Params[4] = RenormalizeAbsorbed; !u.served(&d) {
			return false
		}
	}
	return true
}
