package sample

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLikeliest compares with sorting all tokens.
func TestLikeliest(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		logits := make([]float32, 1+r.IntN(40))
		var all []token
		for i := range logits {
			logits[i] = float32(r.IntN(12)) // with ties
			switch r.IntN(9) {
			case 0:
				logits[i] = float32(math.Inf(-1))
			case 1:
				logits[i] = float32(math.NaN())
				continue
			}
			all = append(all, token{logit: logits[i], id: int32(i)})
		}
		slices.SortFunc(all, func(a, b token) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		n := r.IntN(9)
		var want []int32
		for _, t := range all[:min(n, len(all))] {
			want = append(want, t.id)
		}
		if got := Likeliest(logits, n); !slices.Equal(got, want) {
			t.Fatalf("the %d likeliest of %v are %v, want %v", n, logits, got, want)
		}
	}
}

// TestUse: one sampler with changing parameters picks what one for each does,
// and keeps the old ones where the new are no good.
func TestUse(t *testing.T) {
	logits := []float32{1, 2, 3, 2.5, -1}
	one, err := New(Greedy(), len(logits))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		p := Params{Temperature: float64(i % 3), TopK: i % 4, TopP: 1 - float64(i%2)/4, RepeatPenalty: 1 + float64(i%5)/4, Seed: uint64(i)}
		other, err := New(p, len(logits))
		if err != nil {
			t.Fatal(err)
		}
		if err := one.Use(p); err != nil {
			t.Fatal(err)
		}
		want, _ := other.Pick(Row{Logits: logits, History: []int32{2, 3}, Position: uint64(i)})
		if got, err := one.Pick(Row{Logits: logits, History: []int32{2, 3}, Position: uint64(i)}); got != want || err != nil {
			t.Errorf("%+v: %d, %v, want %d", p, got, err, want)
		}
	}
	if err := one.Use(Params{TopP: 2}); err == nil {
		t.Error("top_p of 2 is no error")
	}
}
