package stages

import (
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// ExpertSwiGLU is the mixture of a block's experts with its residual:
//
//	out = x + Σ_s weights[s] · Wdown[ids[s]] · (silu(Wgate[ids[s]]·h) ⊙ Wup[ids[s]]·h)
//
// gate, up and down may each have a type of its own. Its output is {n, R}.
type ExpertSwiGLU struct {
	X            graph.TensorID // the residual {n, R}
	H            graph.TensorID // the normalized input {n, R}
	IDs, Weights graph.TensorID // {top_k, R}
	Gate, Up     graph.TensorID // ffn_gate_exps, ffn_up_exps {n, width, experts}
	Down         graph.TensorID // ffn_down_exps {width, n, experts}
	Width        int
	Experts      int
}

// Infer checks the experts' weights.
func (s ExpertSwiGLU) Infer(sc *graph.Scope) error {
	x := sc.In(s.X)
	n, w, experts := x.Shape[0], uint64(s.Width), uint64(s.Experts)
	sc.Want(s.H, x.Shape...)
	sc.In(s.IDs)
	sc.In(s.Weights)
	sc.Want(s.Gate, n, w, experts)
	sc.Want(s.Up, n, w, experts)
	sc.Want(s.Down, w, n, experts)
	sc.Out(0, graph.Activation, quant.F32, x.Shape...)
	return sc.Err()
}

// Lower emits the products; fuse joins gate, up and swiglu where one kernel
// serves their type.
func (s ExpertSwiGLU) Lower(e *graph.Emitter) {
	n, w, k, rows := e.Tensor(s.X).Shape[0], uint64(s.Width), e.Tensor(s.IDs).Shape[0], e.Rows()
	gate, up := e.Temp("gate", quant.F32, w, k, rows), e.Temp("up", quant.F32, w, k, rows)
	h := e.Temp("h", quant.F32, w, k, rows)
	for _, p := range [][2]graph.TensorID{{s.Gate, gate}, {s.Up, up}} {
		e.Call(graph.OpExpertLinear, graph.Args{e.Step(), p[0], s.H, s.IDs, p[1]}, float64(n), float64(w), float64(k))
	}
	e.Call(graph.OpSwiGLU, graph.Args{e.Step(), gate, up, h}, float64(w*k))
	e.Call(graph.OpExpertDown, graph.Args{e.Step(), s.Down, h, s.IDs, s.Weights, s.X, e.Out(0)}, float64(w), float64(n), float64(k))
}
