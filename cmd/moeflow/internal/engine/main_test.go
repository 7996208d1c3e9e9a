package engine

import (
	"flag"
	"testing"

	"go.uber.org/goleak"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf/quant"
)

// TestMain fails if a test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noLayers is for a machine with a GPU and without the validation layers.
var noLayers = flag.Bool("nolayers", false, "run without the validation layers")

// start opens a model on the device under validation: any message fails the
// test. Everything is closed at its end.
func start(t *testing.T, m *model.Model, o Options) *Engine {
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
