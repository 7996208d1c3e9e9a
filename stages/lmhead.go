package stages

import (
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// LMHead gives the logits of the wanted rows: W · rms_norm(x[out])·output_norm.
// Its output is logits {vocab, O} F32.
type LMHead struct {
	X    graph.TensorID // {n, R}
	Norm graph.TensorID // output_norm.weight {n}
	W    graph.TensorID // output.weight {n, vocab}, or token_embd.weight where tied
	Eps  float64
}

// Infer checks the output matrix.
func (s LMHead) Infer(sc *graph.Scope) error {
	n := sc.In(s.X).Shape[0]
	sc.Want(s.Norm, n)
	sc.WantType(s.Norm, quant.F32)
	w := sc.In(s.W)
	if len(w.Shape) != 2 || w.Shape[0] != n {
		sc.Fail("tensor %s has shape %s, wanted {%d, vocabulary}", w.Name, w.Shape, n)
		return sc.Err()
	}
	sc.Out(0, graph.Output, quant.F32, w.Shape[1], sc.Outs())
	return sc.Err()
}

// Lower emits the gathering of rows, norm and product.
func (s LMHead) Lower(e *graph.Emitter) {
	n := e.Tensor(s.X).Shape[0]
	rows, h := e.Temp("rows", quant.F32, n, e.Outs()), e.Temp("norm", quant.F32, n, e.Outs())
	e.Call(graph.OpGather, graph.Args{e.Step(), s.X, rows}, float64(n))
	norm(e, rows, s.Norm, h, graph.StepOuts, s.Eps)
	linear(e, s.W, h, graph.NoTensor, e.Out(0), graph.StepOuts)
}
