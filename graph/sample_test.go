package graph

import (
	"math"
	"slices"
	"testing"

	"moeflow/gguf/quant"
)

func TestSampleFill(t *testing.T) {
	l := SampleLayout{Outs: 2, Touched: 3}
	words := make([]uint32, l.Words())
	from, to := l.Fill(words, []SampleRow{
		{Temperature: 0.5, TopK: 20, TopP: 0.75, MinP: 0.25, Repeat: 2, Frequency: 4, Presence: 8, Draw: 0.125, Window: 64, Flying: 3, Masked: true,
			Touched: []SampleToken{{ID: 7, Count: 5, Repeated: true, Bias: -1}, {ID: 9}}},
		{Probs: true, Likeliest: 6, Touched: []SampleToken{{ID: 1, Repeated: true}}}})
	f := func(x float32) uint32 { return math.Float32bits(x) }
	want := []uint32{SampleMasked, f(0.5), 20, f(0.75), f(0.25), f(2), f(4), f(8), f(0.125), 64, 3, 2, 32, 0, 0, 0,
		SampleProbs, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 38, 6, 0, 0,
		7, 11, f(-1), 9, 0, 0, 1, 1, 0}
	if from != 32 || to != 41 || !slices.Equal(words, want) {
		t.Errorf("words %d to %d of\n%v, want 32 to 41 of\n%v", from, to, words, want)
	}
}

// TestSampleMerged: the candidates of all partials fit where the logits of one lie, and
// so do the likeliest of the largest vocabulary.
func TestSampleMerged(t *testing.T) {
	for vocab, want := range map[int]int{300: 64, 131072: 64, 151936: 53, SampleVocabulary: SampleLikeliest} {
		if got := SampleMerged(vocab); got != want {
			t.Errorf("%d of each partial of %d tokens, want %d", got, vocab, want)
		}
	}
}

// TestApart: a kind of stage is a segment of its own where that is asked for.
func TestApart(t *testing.T) {
	for apart, want := range map[string]int{"": 1, "b": 3, "c": 2} {
		g := New("apart", StepLayout{Rows: 1, Outs: 1, Pages: 1})
		x := g.Tensor(Tensor{Name: "x", Shape: Shape{10000, 1}, Type: quant.F32, Role: Input})
		sampled := g.Tensor(Tensor{Name: "sampled", Shape: Shape{3}, Type: quant.U32, Role: State})
		for _, name := range []string{"a", "b", "c"} {
			g.Add(Node{Name: name, Kind: name, Layer: -1, Stage: pick{x, sampled}})
		}
		p, err := Compile(g, Options{Kernels: everyKernel{}, Apart: apart})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Segments) != want {
			t.Errorf("with %q apart: %+v, want %d segments", apart, p.Segments, want)
		}
	}
}
