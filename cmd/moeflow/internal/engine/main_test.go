package engine

import (
	"flag"
	"math"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"moeflow/cmd/moeflow/internal/npy"
	"moeflow/gguf/quant"
)

const (
	tinyPath   = "../../../../models/tiny-go-q4_k_m.gguf"
	goldenPath = "../../../../models/golden/golden.npz"
)

// TestMain fails if a test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var golden = sync.OnceValues(func() (map[string]npy.Array, error) { return npy.ReadArchive(goldenPath) })

// goldens are the arrays of golden.npz.
func goldens(t *testing.T) map[string]npy.Array {
	t.Helper()
	g, err := golden()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// noLayers is for a machine with a GPU and without the validation layers.
var noLayers = flag.Bool("nolayers", false, "run without the validation layers")

// start opens a model on the device under validation: any message fails the
// test. Everything is closed at its end.
func start(t *testing.T, m *Model, o Options) *Engine {
	t.Helper()
	o.Validation, o.OnMessage = !*noLayers, func(s string) { t.Errorf("validation: %s", s) }
	if o.KVType == quant.F32 {
		o.KVType = quant.F16
	}
	e, err := Open(m, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// tiny opens the shipped model.
func tiny(t *testing.T) *Model {
	t.Helper()
	m, err := OpenModel(tinyPath)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// cosine of two rows of logits.
func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	return dot / math.Sqrt(aa*bb)
}

// sameTop tells whether got's largest logit is at the place of want's, or ties
// with it within 1e-3.
func sameTop(got, want []float32) bool {
	return want[top(want)]-want[top(got)] <= 1e-3
}

func top(x []float32) int {
	best := 0
	for i := range x {
		if x[i] > x[best] {
			best = i
		}
	}
	return best
}
