package device

import (
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/graph/backend"
	"moeflow/vk"
)

// TestMemoryIsAsPlanned: the device holds what Needs says, within 3% and a page
// or two of each allocation.
func TestMemoryIsAsPlanned(t *testing.T) {
	var r runtime
	open := func(timestamps bool) (backend.Device, error) {
		d, err := Opener(vk.Options{})(timestamps)
		if err == nil {
			r = d.(runtime)
		}
		return d, err
	}
	e, err := engine.Open(testmodel.Tiny(t), engine.Options{Load: engine.Load{Open: open}, Plans: engine.Plans{Context: 2048, KVType: quant.F16}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	got, want := r.Memory().Total, e.Memory.Total()
	if float64(got) > 1.03*float64(want) || float64(got) < 0.97*float64(want) {
		t.Errorf("the device holds %s (%v), planned %s", engine.Bytes(got), r.Memory().Purpose, engine.Bytes(want))
	}
}
