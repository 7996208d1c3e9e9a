package graph

import (
	"slices"
	"testing"

	"moeflow/gguf/quant"
)

// routed is the experts of a block with their norm and router.
type routed struct{ x, norm, logits, gate, up, down TensorID }

func (b routed) Infer(s *Scope) error {
	return inferRows(s, b.x, b.norm, b.logits, b.gate, b.up, b.down)
}

func (b routed) Lower(e *Emitter) {
	rows := e.Rows()
	x, n := e.Temp("x", quant.F32, 32, rows), e.Temp("n", quant.F32, 32, rows)
	ids, weights := e.Temp("ids", quant.U32, 2, rows), e.Temp("weights", quant.F32, 2, rows)
	e.Call(OpGather, Args{e.Step(), b.x, x}, 32)
	e.Call(OpRMSNorm, Args{e.Step(), x, b.norm, n}, 32, StepRows, 1e-6)
	e.Call(OpTopK, Args{e.Step(), b.logits, ids, weights}, 8, 2, 1, 2.5)
	mixture{n, ids, weights, b.gate, b.up, b.down}.experts(e, x)
}

// TestDownChoosesItsExperts: where gate and up choose their experts, so does down,
// with their weights, unless it has no kernel that can; what lies between them is
// fixed point where both can.
func TestDownChoosesItsExperts(t *testing.T) {
	for _, c := range []struct {
		lacks Kernel
		want  string
	}{
		{Kernel{}, "gather[F32] topk_gate_up_q16[F16] topk_down_q16[BF16]"},
		{Kernel{Op: OpTopKGateUpQ16, Type: quant.F16}, "gather[F32] topk_gate_up[F16] topk_down[BF16]"},
		{Kernel{Op: OpTopKDownQ16, Type: quant.BF16}, "gather[F32] topk_gate_up[F16] topk_down[BF16]"},
		{Kernel{Op: OpTopKDown, Type: quant.BF16}, "gather[F32] topk_gate_up_q16[F16] topk_down_q16[BF16]"},
		{Kernel{Op: OpTopKGateUp, Type: quant.F16}, "gather[F32] top_k[F32] rms_norm[F32] expert_gate_up[F16] expert_down[BF16]"},
	} {
		g := New("block", StepLayout{Rows: 1, Outs: 1, Pages: 1})
		in := func(name string, typ quant.Type, role Role, s ...uint64) TensorID {
			return g.Tensor(Tensor{Name: name, Shape: s, Type: typ, Role: role})
		}
		g.Add(Node{Name: "block", Kind: "block", Out: []string{"y"}, Stage: routed{in("in", quant.F32, Input, 32, 1),
			in("norm", quant.F32, Weight, 32), in("logits", quant.F32, Input, 8, 1),
			in("gate", quant.F16, Weight, 32, 64, 8), in("up", quant.F16, Weight, 32, 64, 8), in("down", quant.BF16, Weight, 64, 32, 8)}})
		p := compileWithout(t, g, c.lacks)
		if got := names(p.Dispatches); got != c.want {
			t.Errorf("without %s:\n got %v\nwant %s", c.lacks, got, c.want)
		}
		last := p.Dispatches[len(p.Dispatches)-1]
		if last.Kernel.Op != OpTopKDown && last.Kernel.Op != OpTopKDownQ16 {
			continue
		}
		if h := p.Tensors[last.Args[2].Tensor]; last.Kernel.Op == OpTopKDownQ16 && (h.Type != quant.U32 || !h.Shape.Equal(Shape{Q16Words(128), 1})) {
			t.Errorf("it reads %s, wanted a row of 128 as fixed point", &h)
		}
		if !slices.Equal(last.Params, []uint32{64, 32, 8, 2}) {
			t.Errorf("parameters %v, wanted 64 32 8 2", last.Params)
		}
		if logits := p.Tensors[last.Args[3].Tensor].Name; logits != "logits" {
			t.Errorf("it chooses by %s, wanted logits", logits)
		}
		if weights := p.Tensors[last.Args[4].Tensor].Name; weights != "block/weights" {
			t.Errorf("it weighs by %s, wanted those of gate and up", weights)
		}
	}
}
