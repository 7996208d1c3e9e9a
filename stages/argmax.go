package stages

import (
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// ArgMax writes the most likely token of each output row into the sampled
// tokens, where the next step's Embed finds it without the host.
type ArgMax struct {
	Logits  graph.TensorID // {vocab, O}
	Sampled graph.TensorID // {slots} U32, State, at least O: see graph.StepRow
}

// Infer checks that every output row has a place.
func (s ArgMax) Infer(sc *graph.Scope) error {
	l, t := sc.In(s.Logits), sc.In(s.Sampled)
	sc.WantType(s.Sampled, quant.U32)
	if len(t.Shape) != 1 || t.Shape[0] < l.Shape[1] {
		sc.Fail("tensor %s has shape %s, wanted at least {%d}", t.Name, t.Shape, l.Shape[1])
	}
	return sc.Err()
}

// Lower emits one call.
func (s ArgMax) Lower(e *graph.Emitter) {
	l := e.Tensor(s.Logits).Shape
	e.Call(graph.OpArgMax, graph.Args{e.Step(), s.Logits, s.Sampled}, float64(l[0]))
}
