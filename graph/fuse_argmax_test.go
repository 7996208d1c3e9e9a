package graph

import (
	"testing"

	"moeflow/gguf/quant"
)

// pick is a stage that picks a token of logits that it copies first.
type pick struct{ x, sampled TensorID }

func (p pick) Infer(s *Scope) error {
	s.In(p.x)
	s.In(p.sampled)
	return s.Err()
}

func (p pick) Lower(e *Emitter) {
	logits := e.Temp("logits", quant.F32, 10000, e.Outs())
	e.Call(OpGather, Args{e.Step(), p.x, logits}, 10000)
	e.Call(OpArgMax, Args{e.Step(), logits, p.sampled}, 10000)
}

// TestArgMaxPartial: a row is shared out where there are kernels for both steps.
func TestArgMaxPartial(t *testing.T) {
	for _, c := range []struct {
		lacks Kernel
		want  string
	}{
		{Kernel{}, "gather[F32] argmax_partial[F32] argmax_final[U32]"},
		{Kernel{Op: OpArgMaxPartial, Type: quant.F32}, "gather[F32] argmax[F32]"},
		{Kernel{Op: OpArgMaxFinal, Type: quant.U32}, "gather[F32] argmax[F32]"},
	} {
		g := New("pick", StepLayout{Rows: 3, Outs: 2, Pages: 1})
		x := g.Tensor(Tensor{Name: "x", Shape: Shape{10000, 3}, Type: quant.F32, Role: Input})
		sampled := g.Tensor(Tensor{Name: "sampled", Shape: Shape{3}, Type: quant.U32, Role: State})
		g.Add(Node{Name: "pick", Kind: "pick", Stage: pick{x, sampled}})
		p := compileWithout(t, g, c.lacks)
		if got := names(p.Dispatches); got != c.want {
			t.Errorf("without %s:\n got %v\nwant %s", c.lacks, got, c.want)
		}
		if d := p.Dispatches[1]; d.Kernel.Op == OpArgMaxPartial && !p.Tensors[d.Args[2].Tensor].Shape.Equal(Shape{2, 3, 2}) {
			t.Errorf("shares have the shape %s", p.Tensors[d.Args[2].Tensor].Shape)
		}
	}
}
