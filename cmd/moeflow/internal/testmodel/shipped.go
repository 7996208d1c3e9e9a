package testmodel

import (
	"math"
	"sync"
	"testing"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/npy"
)

// The files, from the folder of any package beside this one.
const (
	TinyPath   = "../../../../models/tiny-go-q4_k_m.gguf"
	goldenPath = "../../../../models/golden/golden.npz"
)

var golden = sync.OnceValues(func() (map[string]npy.Array, error) { return npy.ReadArchive(goldenPath) })

// Goldens are the arrays of golden.npz.
func Goldens(t testing.TB) map[string]npy.Array {
	t.Helper()
	g, err := golden()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// Tiny opens the shipped model until the test ends.
func Tiny(t testing.TB) *model.Model {
	t.Helper()
	m, err := model.Open(TinyPath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// Cosine of two rows of logits.
func Cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	return dot / math.Sqrt(aa*bb)
}

// SameTop tells whether got's largest logit is at the place of want's, or ties
// with it within 1e-3.
func SameTop(got, want []float32) bool {
	return want[Top(want)]-want[Top(got)] <= 1e-3
}

// Top is the place of the largest logit.
func Top(x []float32) int {
	best := 0
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	return best
}
