package sample

import (
	"math/rand/v2"
	"testing"
)

// A row of Qwen3's vocabulary. Run with -bench . -benchmem.
func BenchmarkPick(b *testing.B) {
	const vocab = 151936
	r := rand.New(rand.NewPCG(1, 1))
	logits := make([]float32, vocab)
	for i := range logits {
		logits[i] = float32(r.NormFloat64() * 2.5)
	}
	for range 30 {
		logits[r.IntN(vocab)] = float32(12 + r.Float64()*6)
	}
	history := make([]int32, 200)
	for i := range history {
		history[i] = int32(r.IntN(vocab))
	}
	for _, c := range []struct {
		name string
		p    Params
	}{
		{"greedy", Greedy()},
		{"qwen3", Params{Temperature: 0.7, TopK: 20, TopP: 0.8, RepeatPenalty: 1.05}},
		{"top_k=5000", Params{Temperature: 0.7, TopK: 5000, TopP: 1, RepeatPenalty: 1}},
		{"top_p", Params{Temperature: 0.7, TopP: 0.9, RepeatPenalty: 1}},
		{"min_p", Params{Temperature: 0.7, TopP: 1, MinP: 0.05, RepeatPenalty: 1}},
		{"temperature", Params{Temperature: 0.7, TopP: 1, RepeatPenalty: 1}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, err := New(c.p, vocab)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			n := uint64(0)
			for b.Loop() {
				if _, err := s.Pick(Row{Logits: logits, History: history, Position: n}); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
