package graph

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestQ16: what is written as fixed point is off by at most the largest of its
// sixteen divided by 65024, and a sum is that of the integers.
func TestQ16(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	row := make([]float64, 96)
	for i := range row[:80] {
		row[i] = float64(float32(r.NormFloat64() * math.Pow(10, float64(i/16*3-6))))
	}
	row[17], row[90] = 0, 1e-33
	words := make([]uint32, Q16Words(96))
	StoreQ16(words, row)
	got := Fixed(words, 96)
	for s := range 6 {
		top, sum, scale := 0.0, 0.0, float64(math.Float32frombits(words[48+2*s]))
		for _, v := range row[16*s : 16*s+16] {
			top = max(top, math.Abs(v))
		}
		for i := 16 * s; i < 16*s+16; i++ {
			sum += got[i]
			if math.Abs(got[i]-row[i]) > top/65024*1.001+1e-30 {
				t.Errorf("element %d is %v, wanted %v", i, got[i], row[i])
			}
		}
		if want := float64(int32(words[49+2*s])) * scale; math.Abs(sum-want) > 1e-9*math.Abs(want) {
			t.Errorf("the sum of sixteen %d is %v, wanted %v", s, want, sum)
		}
	}
}
