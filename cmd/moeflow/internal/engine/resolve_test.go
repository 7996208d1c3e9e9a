package engine_test

import (
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/gguf"
	"moeflow/gguf/quant"
	"moeflow/graph/backend"
	"moeflow/models"
)

// What is chosen by a device's memory, worked out by hand for the shipped model: a
// position takes 6 layers · 2 · 2 kv heads · 128 elements, 6,144 bytes as f16 and 3,264
// as q8_0.
func TestResolve(t *testing.T) {
	data, ok := models.Shipped("tiny-go-q4_k_m.gguf")
	if !ok {
		t.Fatal("the binary has no model")
	}
	f, err := gguf.FromBytes("tiny.gguf", data)
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.New(f)
	if err != nil {
		t.Fatal(err)
	}
	need, err := engine.Needs(m, engine.Options{Plans: engine.Plans{KVType: quant.F16, Context: 2048}})
	if err != nil {
		t.Fatal(err)
	}
	const f16, q8 = 2048 * 6144, 2048 * 3264
	if need.KV != f16 {
		t.Fatalf("a cache of 2,048 positions takes %d bytes, want %d", need.KV, f16)
	}
	w := need.Weights
	for _, c := range []struct {
		name      string
		plans     engine.Plans
		kind      string
		memory    uint64 // of the device; what may be used is the bound below
		bound     uint64
		want      quant.Type
		sequences int
	}{
		{"one sequence fits", engine.Plans{}, "discrete", 1 << 40, w + f16, quant.F16, 0},
		{"one byte too little", engine.Plans{}, "discrete", 1 << 40, w + f16 - 1, quant.Q8_0, 0},
		{"not even q8_0 fits", engine.Plans{}, "discrete", 1 << 40, w, quant.Q8_0, 0},
		{"nine tenths of all", engine.Plans{}, "discrete", (w + f16) / 9 * 10, 0, quant.Q8_0, 0},
		{"a little more than that", engine.Plans{}, "discrete", (w+f16)/9*10 + 20, 0, quant.F16, 0},
		{"nothing bounds it", engine.Plans{}, "discrete", 0, 0, quant.F16, 0},
		{"a batch fits", engine.Plans{Batch: true}, "cpu", 1 << 40, w + 9*f16, quant.F16, 8},
		{"a batch fits as q8_0", engine.Plans{Batch: true}, "cpu", 1 << 40, w + 9*f16 - 1, quant.Q8_0, 8},
		{"a batch of a large card", engine.Plans{Batch: true}, "discrete", 1 << 40, 0, quant.F16, 512},
		{"a batch of an integrated GPU", engine.Plans{Batch: true}, "integrated", 1 << 40, 0, quant.F16, 32},
		{"a batch of a smaller card", engine.Plans{Batch: true}, "discrete", 1 << 40, w + 21*q8, quant.Q8_0, 20},
		{"a batch without room", engine.Plans{Batch: true}, "discrete", 1 << 40, w, quant.Q8_0, 8},
		{"so many as were asked for", engine.Plans{Batch: true, Sequences: 100}, "discrete", 1 << 40, w + 101*f16, quant.F16, 100},
		{"too many for f16", engine.Plans{Batch: true, Sequences: 100}, "discrete", 1 << 40, w + 100*f16, quant.Q8_0, 100},
	} {
		p := c.plans
		p.KVAuto, p.Context, p.Memory = true, 2048, c.bound
		if err := p.Resolve(m, &backend.Info{Kind: c.kind, Memory: c.memory, Free: 1}); err != nil {
			t.Fatal(err)
		}
		if p.KVType != c.want || p.Sequences != c.sequences || p.KVAuto {
			t.Errorf("%s: %s and %d sequences, want %s and %d", c.name, p.KVType, p.Sequences, c.want, c.sequences)
		}
	}
	fixed := engine.Plans{KVType: quant.F16, Batch: true, Sequences: 3, Memory: 1}
	if err := fixed.Resolve(m, &backend.Info{Kind: "discrete", Memory: 1}); err != nil || fixed.KVType != quant.F16 || fixed.Sequences != 3 {
		t.Errorf("what was asked for became %s and %d sequences, %v", fixed.KVType, fixed.Sequences, err)
	}
}
