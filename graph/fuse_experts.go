package graph

import "moeflow/gguf/quant"

// MinGroupedRows is the fewest rows of a step whose experts are worth grouping on
// every device: with fewer, hardly an expert has two of them. Then they are grouped
// where the order of an op gives way to a kernel of the grouped one.
const MinGroupedRows = 16

// groupExperts computes the products of experts expert by expert where a step has many
// rows: each expert's weights are then read and decoded once per tile of rows and not
// once per row. expert_gate_up becomes grouped_gemm_swiglu, expert_linear becomes
// grouped_gemm, and expert_down becomes grouped_gemm and expert_combine. The last
// adds up a row's slots in their order, so that a row's result does not depend on
// which rows share its experts.
func groupExperts(u *unit, calls []Dispatch) []Dispatch {
	g := grouping{u: u, lists: map[TensorID]TensorID{}}
	u.calls = make([]Dispatch, 0, len(calls))
	for i := range calls {
		if g.rewrite(&calls[i]) {
			u.matches++
			continue
		}
		u.calls = append(u.calls, calls[i])
	}
	return u.calls
}

// grouping remembers which ids are grouped already.
type grouping struct {
	u     *unit
	lists map[TensorID]TensorID // from ids to groups
}

// rewrite appends what takes a call's place, or returns false.
func (g *grouping) rewrite(d *Dispatch) bool {
	if d.Rows < MinGroupedRows && !g.few(d) {
		return false
	}
	arg := func(i int) TensorID { return d.Args[i].Tensor }
	switch d.Kernel.Op {
	case OpExpertLinear:
		return g.product(d, OpGroupedGEMM, arg(3), arg(4), d.Params[2], arg(1), arg(2))
	case OpExpertGateUp:
		return g.product(d, OpGroupedGEMMSwiGLU, arg(4), arg(5), d.Params[2], arg(1), arg(2), arg(3))
	case OpExpertDown:
		n, topK, rows := uint64(d.Params[1]), uint64(d.Params[2]), uint64(d.Rows)
		e := &Emitter{u: g.u, node: d.Node}
		if !g.has(OpExpertCombine, quant.F32) || !g.has(OpGroupedGEMM, g.u.tensors[arg(1)].Type) {
			return false
		}
		slots := e.Temp("slots", quant.F32, n, topK, rows)
		if !g.product(d, OpGroupedGEMM, arg(3), slots, 1, arg(1), arg(2)) {
			return false
		}
		e.Call(OpExpertCombine, Args{arg(0), slots, arg(4), arg(5), arg(6)}, float64(n), float64(topK))
		return e.err == nil
	}
	return false
}

// few tells whether an op gives way to the grouped one for so few rows.
func (g *grouping) few(d *Dispatch) bool {
	arg := func(i int) TensorID { return d.Args[i].Tensor }
	probe := Dispatch{Rows: d.Rows, Work: d.Work}
	switch d.Kernel.Op {
	case OpExpertGateUp:
		probe.become(OpGroupedGEMMSwiGLU, arg(0), arg(1), arg(2), arg(3), NoTensor, arg(5))
	case OpExpertDown:
		probe.become(OpGroupedGEMM, arg(0), arg(1), arg(2), NoTensor, NoTensor)
	default:
		return false
	}
	probe.Params = []uint32{d.Params[0], d.Params[1], 1, 1}
	return g.u.givesWay(d, &probe)
}

func (g *grouping) has(op Op, t quant.Type) bool {
	_, ok := g.u.opts.Kernels.Lookup(Kernel{Op: op, Type: t})
	return ok
}

// product appends a grouped product of weights and activations, in, into y.
func (g *grouping) product(d *Dispatch, op Op, ids, y TensorID, share uint32, in ...TensorID) bool {
	w := &g.u.tensors[in[0]]
	if !g.has(op, w.Type) || !g.has(OpMoESort, quant.U32) {
		return false
	}
	experts, topK, rows := w.Shape[2], g.u.tensors[ids].Shape[0], uint64(d.Rows)
	layout := NewGroups(experts, topK, rows)
	e := &Emitter{u: g.u, node: d.Node}
	groups, ok := g.lists[ids]
	if !ok {
		groups = e.Temp("groups", quant.U32, layout.Words())
		g.lists[ids] = groups
		e.Call(OpMoESort, Args{d.Args[0].Tensor, ids, groups}, float64(experts), float64(topK), GroupTile, float64(layout.Tiles))
	}
	args := append(append(Args{d.Args[0].Tensor}, in...), groups, y)
	e.Call(op, args, float64(d.Params[0]), float64(d.Params[1]), float64(layout.Tiles), float64(share))
	g.u.calls[len(g.u.calls)-1].Rows = d.Rows
	return e.err == nil
}
