package graph

import "moeflow/gguf/quant"

// useF16 keeps activations of steps of many rows as halves where the products that
// read them round them to halves anyway, which halves the bytes that every workgroup
// loads. A norm writes both forms, for readers that take floats; attention writes halves
// if its only reader takes them. Halves are only used where no value can be too large
// for them: for normalized rows, and for means of the kv cache's values.
func useF16(u *unit, calls []Dispatch) []Dispatch {
	for i := range calls {
		switch d := &calls[i]; {
		case d.Rows < MinGroupedRows:
		case d.Kernel.Op == OpRMSNorm && u.tensors[d.Args[3].Tensor].Role == Activation:
			u.halveNorm(calls, i)
		case d.Kernel.Op == OpAttention && u.tensors[d.Args[2].Tensor].Type != quant.F32:
			u.halveAttention(calls, i)
		}
	}
	return calls
}

// withHalf is a product with another tensor in the place of its activations.
func withHalf(d *Dispatch, old, half TensorID) (Dispatch, bool) {
	at := map[Op]int{OpLinear: 2, OpGroupedGEMM: 2, OpGroupedGEMMSwiGLU: 3}[d.Kernel.Op]
	if at == 0 || d.Args[at].Tensor != old {
		return *d, false
	}
	f := d.with(d.Kernel.Op, at, half)
	for i, a := range f.Args {
		if i != at && a.Tensor == old {
			return *d, false
		}
	}
	return f, true
}

// halveNorm gives the readers of a norm that can take them halves.
func (u *unit) halveNorm(calls []Dispatch, i int) {
	norm := calls[i]
	y := norm.Args[3].Tensor
	e := &Emitter{u: u, node: norm.Node}
	half := e.Temp("half", quant.F16, u.tensors[y].Shape...)
	n := norm
	n.Kernel.Op = OpRMSNormF16
	n.Args = append(append([]Arg(nil), norm.Args...), Arg{half, Write})
	if !u.served(&n) {
		return
	}
	for _, j := range readers(calls, i, y) {
		if f, ok := withHalf(&calls[j], y, half); ok && u.served(&f) {
			calls[j], calls[i] = f, n
			u.matches++
		}
	}
}

// halveAttention makes the output of attention halves if its only reader takes
// them.
func (u *unit) halveAttention(calls []Dispatch, i int) {
	y := calls[i].Args[4].Tensor
	list := readers(calls, i, y)
	if len(list) != 1 || u.tensors[y].Role != Activation {
		return
	}
	u.tensors[y].Type = quant.F16
	if _, ok := withHalf(&calls[list[0]], y, y); !ok || !u.served(&calls[list[0]]) || !u.served(&calls[i]) {
		u.tensors[y].Type = quant.F32
		return
	}
	u.matches++
}
