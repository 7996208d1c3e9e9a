package enginetest

import (
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf/quant"
	"moeflow/graph/backend"
	"moeflow/stages/ref"
)

// Start opens a model on the default device until the test ends: any validation
// message fails the test.
func Start(t testing.TB, m *model.Model, p engine.Plans, change ...func(*engine.Options)) *engine.Engine {
	t.Helper()
	return open(t, m, p, append([]func(*engine.Options){func(o *engine.Options) { o.Load.Open = usual(t) }}, change...))
}

// Reference opens a model on the reference in plain Go until the test ends.
func Reference(t testing.TB, m *model.Model, p engine.Plans, change ...func(*engine.Options)) *engine.Engine {
	t.Helper()
	return open(t, m, p, append([]func(*engine.Options){func(o *engine.Options) { o.Load.Open = OpenReference }}, change...))
}

// OpenReference is how an engine opens the reference.
func OpenReference(bool) (backend.Device, error) { return ref.NewDevice(), nil }

// Slots has that many steps in flight.
func Slots(n int) func(*engine.Options) {
	return func(o *engine.Options) { o.Load.Slots = n }
}

// Timestamps has every dispatch timed.
func Timestamps(o *engine.Options) { o.Observe.Timestamps = true }

// Observer adds an observer.
func Observer(make func(*engine.Engine) (engine.Observer, error)) func(*engine.Options) {
	return func(o *engine.Options) { o.Observe.Observers = append(o.Observe.Observers, make) }
}

func open(t testing.TB, m *model.Model, p engine.Plans, change []func(*engine.Options)) *engine.Engine {
	t.Helper()
	if p.KVType == quant.F32 {
		p.KVType = quant.F16
	}
	o := engine.Options{Plans: p}
	for _, f := range change {
		f(&o)
	}
	e, err := engine.Open(m, o)
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

// Buckets makes step sizes of pairs of rows and outputs.
func Buckets(sizes ...int) []engine.Bucket {
	var out []engine.Bucket
	for i := 0; i < len(sizes); i += 2 {
		out = append(out, engine.Bucket{Rows: sizes[i], Outs: sizes[i+1]})
	}
	return out
}
