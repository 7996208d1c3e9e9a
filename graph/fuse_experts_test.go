package graph

import (
	"strings"
	"testing"

	"moeflow/gguf/quant"
)

// mixture is the experts of a block, whole.
type mixture struct{ x, ids, weights, gate, up, down TensorID }

func (m mixture) Infer(s *Scope) error {
	return inferRows(s, m.x, m.ids, m.weights, m.gate, m.up, m.down)
}

// inferRows is Infer of a stage that makes rows of 32 from tensors of any shape.
func inferRows(s *Scope, in ...TensorID) error {
	for _, id := range in {
		s.In(id)
	}
	s.Out(0, Activation, quant.F32, 32, s.Rows())
	return s.Err()
}

func (m mixture) Lower(e *Emitter) { m.experts(e, m.x) }

// experts emits the products of the chosen experts with x, added to res.
func (m mixture) experts(e *Emitter, res TensorID) {
	rows := e.Rows()
	gate, up, h := e.Temp("gate", quant.F32, 64, 2, rows), e.Temp("up", quant.F32, 64, 2, rows), e.Temp("h", quant.F32, 64, 2, rows)
	e.Call(OpExpertLinear, Args{e.Step(), m.gate, m.x, m.ids, gate}, 32, 64, 2)
	e.Call(OpExpertLinear, Args{e.Step(), m.up, m.x, m.ids, up}, 32, 64, 2)
	e.Call(OpSwiGLU, Args{e.Step(), gate, up, h}, 128)
	e.Call(OpExpertDown, Args{e.Step(), m.down, h, m.ids, m.weights, res, e.Out(0)}, 64, 32, 2)
}

func mixtureGraph(rows int, gate, up quant.Type) *Graph {
	g := New("mixture", StepLayout{Rows: rows, Outs: 1, Pages: 1})
	r := uint64(rows)
	in := func(name string, typ quant.Type, role Role, s ...uint64) TensorID {
		return g.Tensor(Tensor{Name: name, Shape: s, Type: typ, Role: role})
	}
	g.Add(Node{Name: "experts", Kind: "experts", Layer: 0, Out: []string{"y"}, Stage: mixture{
		in("x", quant.F32, Input, 32, r), in("ids", quant.U32, Input, 2, r), in("weights", quant.F32, Input, 2, r),
		in("gate", gate, Weight, 32, 64, 8), in("up", up, Weight, 32, 64, 8), in("down", quant.F16, Weight, 64, 32, 8)}})
	return g
}

// TestExpertsAreGroupedWhereRowsAreMany: one list of places serves all products
// of a layer, whatever their types, and one missing kernel leaves its call as it
// was.
func TestExpertsAreGroupedWhereRowsAreMany(t *testing.T) {
	for _, c := range []struct {
		rows     int
		gate, up quant.Type
		lacks    Kernel
		want     string
	}{
		{15, quant.F16, quant.F16, Kernel{}, "expert_gate_up[F16] expert_down[F16]"},
		{16, quant.F16, quant.F16, Kernel{}, "moe_sort[U32] grouped_gemm_swiglu[F16] grouped_gemm[F16] expert_combine[F32]"},
		{16, quant.F16, quant.Q8_0, Kernel{}, "moe_sort[U32] grouped_gemm[F16] grouped_gemm[Q8_0] swiglu[F32] grouped_gemm[F16] expert_combine[F32]"},
		{16, quant.F16, quant.F16, Kernel{Op: OpGroupedGEMMSwiGLU, Type: quant.F16},
			"expert_gate_up[F16] moe_sort[U32] grouped_gemm[F16] expert_combine[F32]"},
		{16, quant.F16, quant.F16, Kernel{Op: OpGroupedGEMM, Type: quant.F16}, "moe_sort[U32] grouped_gemm_swiglu[F16] expert_down[F16]"},
		{16, quant.F16, quant.F16, Kernel{Op: OpExpertCombine, Type: quant.F32}, "moe_sort[U32] grouped_gemm_swiglu[F16] expert_down[F16]"},
		{512, quant.F16, quant.F16, Kernel{Op: OpMoESort, Type: quant.U32}, "expert_gate_up[F16] expert_down[F16]"},
	} {
		p := compileWithout(t, mixtureGraph(c.rows, c.gate, c.up), c.lacks)
		var got []string
		for i := range p.Dispatches {
			got = append(got, p.Dispatches[i].Kernel.String())
			if p.Dispatches[i].Rows != uint32(c.rows) && p.Dispatches[i].Kernel.Op != OpMoESort {
				t.Errorf("%s has %d rows, wanted %d", p.Dispatches[i].Kernel, p.Dispatches[i].Rows, c.rows)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%d rows, gate %s, up %s, without %s:\n got %v\nwant %s", c.rows, c.gate, c.up, c.lacks, got, c.want)
		}
	}
}

// TestGroupsHoldTheWorstRouting: as many tiles as experts that each have one
// place more than whole tiles.
func TestGroupsHoldTheWorstRouting(t *testing.T) {
	for _, c := range []struct{ experts, topK, rows, tiles uint64 }{{128, 8, 512, 192}, {128, 8, 1, 8}, {1, 1, 64, 2}, {4, 1, 66, 5}} {
		if g := NewGroups(c.experts, c.topK, c.rows); g.Tiles != c.tiles || g.Words() != 4+3*c.tiles+c.topK*c.rows {
			t.Errorf("%+v: %+v", c, g)
		}
	}
}
