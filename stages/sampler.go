package stages

import (
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// Sample picks the token of each output row as stages/sample does, where the next
// step's Embed finds it without the host: see graph/sample.go for what a row asks.
// Its output is what there is to know of the pick, {SampleProbsWords, O} U32.
type Sample struct {
	Logits   graph.TensorID // {vocab, O}
	Sampled  graph.TensorID // {slots} U32, State, at least O: see graph.StepRow
	Sampling graph.TensorID // {words} U32, Input
	Mask     graph.TensorID // {vocab/32 rounded up, O} U32, Input; NoTensor: no row has one
	Recent   graph.TensorID // {SampleRecent, slots} U32, State
}

// Infer checks the buffers' sizes.
func (s Sample) Infer(sc *graph.Scope) error {
	l, t, b, r := sc.In(s.Logits), sc.In(s.Sampled), sc.In(s.Sampling), sc.In(s.Recent)
	for _, id := range []graph.TensorID{s.Sampled, s.Sampling, s.Recent} {
		sc.WantType(id, quant.U32)
	}
	if len(l.Shape) != 2 || l.Shape[0] > graph.SampleVocabulary {
		sc.Fail("tensor %s has shape %s, wanted {at most %d, rows}", l.Name, l.Shape, graph.SampleVocabulary)
		return sc.Err()
	}
	vocab, outs := l.Shape[0], l.Shape[1]
	if len(t.Shape) != 1 || t.Shape[0] < outs {
		sc.Fail("tensor %s has shape %s, wanted at least {%d}", t.Name, t.Shape, outs)
	}
	if want := uint64(graph.SampleLayout{Outs: int(outs)}.Words()); len(b.Shape) != 1 || b.Shape[0] < want {
		sc.Fail("tensor %s has shape %s, wanted at least {%d}", b.Name, b.Shape, want)
	}
	if want := (graph.Shape{graph.SampleRecent, t.Shape[0]}); !r.Shape.Equal(want) {
		sc.Fail("tensor %s has shape %s, wanted %s", r.Name, r.Shape, want)
	}
	if s.Mask != graph.NoTensor {
		m := sc.In(s.Mask)
		sc.WantType(s.Mask, quant.U32)
		if want := (graph.Shape{(vocab + 31) / 32, outs}); !m.Shape.Equal(want) {
			sc.Fail("tensor %s has shape %s, wanted %s", m.Name, m.Shape, want)
		}
	}
	sc.Out(0, graph.Output, quant.U32, graph.SampleProbsWords, outs)
	return sc.Err()
}

// Lower emits two calls.
func (s Sample) Lower(e *graph.Emitter) {
	l := e.Tensor(s.Logits).Shape
	n := l[0]
	partials := e.Temp("partials", quant.U32, graph.SamplePartialWords, (n+graph.ArgMaxPartialSize-1)/graph.ArgMaxPartialSize, l[1])
	e.Call(graph.OpSamplePartials, graph.Args{e.Step(), s.Sampling, s.Mask, s.Logits, s.Recent, partials}, float64(n))
	e.Call(graph.OpSampleDraw, graph.Args{e.Step(), s.Sampling, s.Mask, s.Logits, partials, s.Recent, s.Sampled, e.Out(0)}, float64(n))
}
