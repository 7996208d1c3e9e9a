package stages

import (
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// Embed turns the step's tokens into rows of the embedding table. Its output is
// x {k, R} F32.
type Embed struct {
	Table   graph.TensorID // token_embd.weight {k, vocab}
	Sampled graph.TensorID // the tokens sampled before {slots} U32, State
}

// Infer checks that the table is a matrix.
func (s Embed) Infer(sc *graph.Scope) error {
	t := sc.In(s.Table)
	sc.WantType(s.Sampled, quant.U32)
	if len(t.Shape) != 2 {
		sc.Fail("tensor %s has shape %s, wanted {embedding, vocabulary}", t.Name, t.Shape)
		return sc.Err()
	}
	sc.Out(0, graph.Activation, quant.F32, t.Shape[0], sc.Rows())
	return sc.Err()
}

// Lower emits one call.
func (s Embed) Lower(e *graph.Emitter) {
	k := e.Tensor(s.Table).Shape[0]
	e.Call(graph.OpEmbed, graph.Args{e.Step(), s.Sampled, s.Table, e.Out(0)}, float64(k))
}
