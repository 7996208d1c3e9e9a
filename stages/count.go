package stages

import (
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// ExpertCount adds up how often a layer's experts are chosen:
//
//	counts[layer][e] += number of the active rows' slots whose id is e
//
// It stands behind the experts, whose kernels may be what writes the ids. It has
// no output.
type ExpertCount struct {
	IDs     graph.TensorID // {top_k, R}
	Counts  graph.TensorID // {experts, layers} U32, State
	Layer   int            // the row of Counts
	Experts int
}

// Infer checks that the counts have a row for the layer.
func (s ExpertCount) Infer(sc *graph.Scope) error {
	sc.In(s.IDs)
	c := sc.In(s.Counts)
	sc.WantType(s.Counts, quant.U32)
	if len(c.Shape) != 2 || c.Shape[0] != uint64(s.Experts) || c.Shape[1] <= uint64(s.Layer) {
		sc.Fail("tensor %s has shape %s, wanted {%d, more than %d}", c.Name, c.Shape, s.Experts, s.Layer)
	}
	return sc.Err()
}

// Lower emits one call.
func (s ExpertCount) Lower(e *graph.Emitter) {
	k := e.Tensor(s.IDs).Shape[0]
	e.Call(graph.OpExpertCount, graph.Args{e.Step(), s.IDs, s.Counts}, float64(s.Experts), float64(k), float64(s.Layer))
}
