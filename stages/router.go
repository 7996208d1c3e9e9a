package stages

import (
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// Router normalizes a block's input and picks the experts of each row:
//
//	h = rms_norm(x)·ffn_norm;  p = softmax(ffn_gate_inp·h)
//	ids, weights = the top_k largest p, divided by their sum if NormTopK
//
// Its outputs are h {n, R} F32, ids {top_k, R} U32 and weights {top_k, R} F32.
type Router struct {
	X        graph.TensorID // {n, R}
	Norm     graph.TensorID // ffn_norm.weight {n}
	Gate     graph.TensorID // ffn_gate_inp.weight {n, experts}
	Experts  int
	TopK     int
	NormTopK bool
	Scale    float64 // factor on the weights; 1 for most models
	Eps      float64
}

// Infer checks the router's weights.
func (s Router) Infer(sc *graph.Scope) error {
	x := sc.In(s.X)
	n, rows := x.Shape[0], x.Shape[1]
	sc.Want(s.Norm, n)
	sc.WantType(s.Norm, quant.F32)
	sc.Want(s.Gate, n, uint64(s.Experts))
	if s.TopK < 1 || s.TopK > s.Experts {
		sc.Fail("top_k is %d of %d experts", s.TopK, s.Experts)
	}
	sc.Out(0, graph.Activation, quant.F32, n, rows)
	sc.Out(1, graph.Activation, quant.U32, uint64(s.TopK), rows)
	sc.Out(2, graph.Activation, quant.F32, uint64(s.TopK), rows)
	return sc.Err()
}

// Lower emits norm, the router's product and the choice.
func (s Router) Lower(e *graph.Emitter) {
	logits := e.Temp("logits", quant.F32, uint64(s.Experts), e.Rows())
	norm(e, s.X, s.Norm, e.Out(0), graph.StepRows, s.Eps)
	linear(e, s.Gate, e.Out(0), graph.NoTensor, logits, graph.StepRows)
	flag := 0.0
	if s.NormTopK {
		flag = 1
	}
	e.Call(graph.OpTopK, graph.Args{e.Step(), logits, e.Out(1), e.Out(2)}, float64(s.Experts), float64(s.TopK), flag, s.Scale)
}
