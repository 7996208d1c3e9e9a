package graph

// rule rewrites calls. apply returns the new calls and how often it applied.
type rule struct {
	name  string
	apply func(*unit, []Dispatch) []Dispatch
}

var rules = []rule{
	{"gate+up+swiglu", fuseGateUp},
	{"norm+products", fuseNorm},
	{"route+down in fixed point", fixActivations},
	{"route+down", fuseDown},
	{"router ahead of o", routeAhead},
	{"rope+attention", fuseRope},
	{"experts by group", groupExperts},
	{"norm+experts by group", fuseNorm},
	{"down+combine by group", fuseDownGroup},
	{"top_k+group", fuseGroup},
	{"router of few rows ahead of o", routeGroupAhead},
	{"experts choose by themselves", chooseAgain},
	{"attention of rows together", attendTogether},
	{"activations as halves", useHalves},
	{"argmax by shares", shareArgMax},
}

// fuse applies every rule once, in order. A rule applies only where the catalog
// has the fused kernel for the edge types at hand, so a layer of mixed types
// keeps its separate calls without any code that says so.
func fuse(u *unit) error {
	if u.opts.NoFuse {
		return nil
	}
	for _, r := range rules {
		u.calls = r.apply(u, u.calls)
	}
	return u.sizeAll()
}

// without is the calls that are not dropped, in the same memory.
func without(calls []Dispatch, drop []bool) []Dispatch {
	kept := calls[:0]
	for i := range calls {
		if !drop[i] {
			kept = append(kept, calls[i])
		}
	}
	return kept
}

// become gives a call its op and arguments, each accessed as the op says.
func (d *Dispatch) become(op Op, args ...TensorID) {
	d.Kernel.Op = op
	for i, id := range args {
		d.Args = append(d.Args, Arg{id, op.Access(i)})
	}
}

// with is a call of another op with the same arguments but one.
func (d Dispatch) with(op Op, arg int, id TensorID) Dispatch {
	d.Kernel.Op = op
	d.Args = append([]Arg(nil), d.Args...)
	d.Args[arg].Tensor = id
	return d
}

// touches tells how a call uses a tensor.
func touches(d *Dispatch, id TensorID) (reads, writes bool) {
	for _, a := range d.Args {
		if a.Tensor == id {
			reads = reads || a.Access&Read != 0
			writes = writes || a.Access&Write != 0
		}
	}
	return reads, writes
}

// readers lists the calls that read what call i writes to a tensor.
func readers(calls []Dispatch, i int, id TensorID) []int {
	var out []int
	for j := i + 1; j < len(calls); j++ {
		r, w := touches(&calls[j], id)
		if r {
			out = append(out, j)
		}
		if w {
			break
		}
	}
	return out
}

// uses counts how many calls read each tensor.
func uses(calls []Dispatch, tensors int) []int {
	n := make([]int, tensors)
	for i := range calls {
		for _, a := range calls[i].Args {
			if a.Tensor != NoTensor && a.Access&Read != 0 {
				n[a.Tensor]++
			}
		}
	}
	return n
}

// producer finds the last call before i that writes the tensor, or -1.
func producer(calls []Dispatch, i int, id TensorID) int {
	for j := i - 1; j >= 0; j-- {
		for _, a := range calls[j].Args {
			if a.Tensor == id && a.Access&Write != 0 {
				return j
			}
		}
	}
	return -1
}

// fuseGateUp turns expert_matvec (gate), expert_matvec (up) and swiglu into one
// expert_gate_up where gate and up have one type: the activations are read once
// and the two products never go to memory.
func fuseGateUp(u *unit, calls []Dispatch) []Dispatch {
	reads := uses(calls, len(u.tensors))
	drop := make([]bool, len(calls))
	for i := range calls {
		if calls[i].Kernel.Op != OpSwiGLU {
			continue
		}
		s := calls[i]
		g, up := producer(calls, i, s.Args[1].Tensor), producer(calls, i, s.Args[2].Tensor)
		if g < 0 || up < 0 || !u.sameExpertProduct(calls[g], calls[up]) ||
			reads[s.Args[1].Tensor] != 1 || reads[s.Args[2].Tensor] != 1 {
			continue
		}
		gate := calls[g]
		if _, ok := u.opts.Kernels.Lookup(Kernel{Op: OpExpertGateUp, Type: u.tensors[gate.Args[1].Tensor].Type}); !ok {
			continue
		}
		fused := Dispatch{Node: s.Node, Work: gate.Work, Rows: gate.Rows, Params: gate.Params}
		fused.become(OpExpertGateUp, gate.Args[0].Tensor, gate.Args[1].Tensor, calls[up].Args[1].Tensor,
			gate.Args[2].Tensor, gate.Args[3].Tensor, s.Args[3].Tensor)
		calls[i] = fused
		drop[g], drop[up] = true, true
	}
	return without(calls, drop)
}

// sameExpertProduct tells whether two calls are expert products of equal type
// and size over the same activations and experts.
func (u *unit) sameExpertProduct(a, b Dispatch) bool {
	if a.Kernel.Op != OpExpertMatVec || b.Kernel.Op != OpExpertMatVec || a.Work != b.Work {
		return false
	}
	for i := range a.Params {
		if a.Params[i] != b.Params[i] {
			return false
		}
	}
	return a.Args[2].Tensor == b.Args[2].Tensor && a.Args[3].Tensor == b.Args[3].Tensor &&
		u.tensors[a.Args[1].Tensor].Type == u.tensors[b.Args[1].Tensor].Type
}
