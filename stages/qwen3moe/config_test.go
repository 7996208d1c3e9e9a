package qwen3moe

import (
	"math"
	"strings"
	"testing"

	"moeflow/gguf"
	"moeflow/gguf/ggufwrite"
)

// numbers is the metadata of a small model, below the architecture's name.
func numbers() map[string]any {
	return map[string]any{
		"block_count": uint32(2), "embedding_length": uint32(64), "context_length": uint32(128),
		"attention.head_count": uint32(4), "attention.head_count_kv": uint32(2), "attention.key_length": uint32(32),
		"attention.value_length": uint32(32), "attention.layer_norm_rms_epsilon": float32(1e-6),
		"rope.freq_base": float32(1e6), "expert_count": uint32(5), "expert_used_count": uint32(3),
		"expert_feed_forward_length": uint32(32), "feed_forward_length": uint32(96),
	}
}

// open makes a file of metadata and whatever tensors adds.
func open(t *testing.T, meta map[string]any, tensors func(*ggufwrite.Writer)) *gguf.File {
	t.Helper()
	var w ggufwrite.Writer
	w.Set("general.architecture", Architecture)
	for k, v := range meta {
		w.Set(key(k), v)
	}
	if tensors != nil {
		tensors(&w)
	}
	b, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.FromBytes("small.gguf", b)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestReadConfig(t *testing.T) {
	want := Config{Layers: 2, Hidden: 64, Context: 128, Heads: 4, KVHeads: 2, HeadDim: 32, RopeDim: 32, RopeBase: 1e6, RopeScale: 1,
		Eps: float64(float32(1e-6)), Experts: 5, TopK: 3, ExpertWidth: 32, NormTopK: true, WeightScale: 1}
	for _, c := range []struct {
		name   string
		change map[string]any // nil removes a key
		want   func(*Config)
	}{
		{"all keys", nil, func(*Config) {}},
		{"linear scaling", map[string]any{"rope.scaling.type": "linear", "rope.scaling.factor": float32(4)}, func(c *Config) { c.RopeScale = 4 }},
		{"no scaling", map[string]any{"rope.scaling.type": "none", "rope.scaling.factor": float32(4)}, func(*Config) {}},
		{"linear by default", map[string]any{"rope.scaling.factor": float32(4)}, func(c *Config) { c.RopeScale = 4 }},
		{"linear by its old name", map[string]any{"rope.scale_linear": float32(4)}, func(c *Config) { c.RopeScale = 4 }},
		{"the new name before the old", map[string]any{"rope.scale_linear": float32(4), "rope.scaling.factor": float64(2)}, func(c *Config) { c.RopeScale = 2 }},
		{"other keys", map[string]any{"rope.dimension_count": uint32(16), "expert_weights_norm": false, "expert_weights_scale": float32(2.5)},
			func(c *Config) { c.RopeDim, c.NormTopK, c.WeightScale = 16, false, 2.5 }},
		{"a weight scale of 0 is none", map[string]any{"expert_weights_scale": float32(0)}, func(*Config) {}},
		{"fewest keys", map[string]any{"attention.head_count_kv": nil, "attention.key_length": nil, "attention.value_length": nil,
			"rope.freq_base": nil, "expert_feed_forward_length": nil},
			func(c *Config) { c.KVHeads, c.HeadDim, c.RopeDim, c.RopeBase = 4, 16, 16, 10000 }},
	} {
		meta := numbers()
		for k, v := range c.change {
			if meta[k] = v; v == nil {
				delete(meta, k)
			}
		}
		w := want
		c.want(&w)
		if got, err := ReadConfig(open(t, meta, nil)); err != nil || got != w {
			t.Errorf("%s: %v\n got %+v\nwant %+v", c.name, err, got, w)
		}
	}
}

// TestReadConfigErrors changes one key at a time: one line that names the file
// and the key.
func TestReadConfigErrors(t *testing.T) {
	for _, c := range []struct {
		key   string
		value any // nil removes it
		want  string
	}{
		{"block_count", nil, "is missing, wanted an integer"},
		{"block_count", uint32(0), "is 0, wanted 1 to 16777216"},
		{"block_count", uint64(math.MaxUint64), "is 18446744073709551615, wanted 1 to"},
		{"block_count", int32(-1), "is -1, wanted an integer not below 0"},
		{"block_count", "two", "wanted an integer"},
		{"embedding_length", nil, "is missing"},
		{"context_length", nil, "is missing"},
		{"context_length", uint32(0), "is 0, wanted 1 to"},
		{"attention.head_count", nil, "is missing"},
		{"attention.head_count", uint32(0), "is 0, wanted 1 to"},
		{"attention.head_count_kv", uint32(3), "is 3, wanted a divisor of head_count 4"},
		{"attention.head_count_kv", []uint32{2, 2}, "wanted an integer"},
		{"attention.key_length", uint32(33), "is 33, wanted"},
		{"attention.value_length", uint32(16), "is 16, wanted the key length 32"},
		{"attention.value_length", "long", "wanted an integer"},
		{"rope.dimension_count", uint32(31), "is 31, wanted an even number up to the head size 32"},
		{"rope.dimension_count", uint32(64), "is 64, wanted an even number up to the head size 32"},
		{"attention.layer_norm_rms_epsilon", nil, "is missing, wanted a number"},
		{"attention.layer_norm_rms_epsilon", float32(0), "is 0, wanted a number between 0 and 1"},
		{"attention.layer_norm_rms_epsilon", float32(math.NaN()), "is NaN, wanted a number between"},
		{"rope.freq_base", float32(1), "is 1, wanted a number above 1"},
		{"rope.freq_base", "high", "wanted a number"},
		{"expert_count", nil, "is missing"},
		{"expert_count", uint32(2000), "is 2000, wanted at most 1024"},
		{"expert_used_count", nil, "is missing"},
		{"expert_used_count", uint32(6), "is 6, wanted at most 64 of the 5 experts"},
		{"expert_feed_forward_length", uint32(0), "is 0, wanted 1 to"},
		{"expert_weights_norm", uint32(1), "wanted a bool"},
		{"expert_weights_scale", float32(math.Inf(1)), "is +Inf, wanted a finite number"},
		{"rope.scaling.type", "yarn", `is "yarn", wanted none or linear`},
		{"rope.scaling.type", uint32(1), "wanted a string"},
	} {
		meta := numbers()
		if meta[c.key] = c.value; c.value == nil {
			delete(meta, c.key)
		}
		_, err := ReadConfig(open(t, meta, nil))
		if err == nil || !strings.HasPrefix(err.Error(), "small.gguf: ") || !strings.Contains(err.Error(), key(c.key)) ||
			!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s = %v:\n got %v\nwant ... %s", c.key, c.value, err, c.want)
		}
	}
	meta := numbers()
	meta["rope.scaling.type"], meta["rope.scaling.factor"] = "linear", float32(0)
	if _, err := ReadConfig(open(t, meta, nil)); err == nil || !strings.Contains(err.Error(), "rope.scaling.factor is 0, wanted a number above 0") {
		t.Errorf("a scaling factor of 0: %v", err)
	}
	meta = numbers()
	delete(meta, "expert_feed_forward_length")
	meta["feed_forward_length"] = uint32(2) // less than one element for each of 3 experts
	if _, err := ReadConfig(open(t, meta, nil)); err == nil || !strings.Contains(err.Error(), "feed_forward_length is 2") {
		t.Errorf("a feed_forward_length below expert_used_count: %v", err)
	}
}
