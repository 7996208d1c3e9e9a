package qwen3moe

import (
	"strings"
	"testing"
)

// TestKeysThatChangeTheComputation: a key that is not served is refused by name
// where its value would change something, and passes where it would not.
func TestKeysThatChangeTheComputation(t *testing.T) {
	plain, err := ReadConfig(open(t, numbers(), nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key           string
		same, another any // nil: there is no such value
	}{
		{"vocab_size", uint32(151936), nil},
		{"rope.scaling.original_context_length", uint32(4096), nil},
		{"rope.scaling.finetuned", true, nil},
		{"rope.scaling.attn_factor", float32(1), float32(1.5)},
		{"rope.scaling.alpha", float32(0), float32(1000)},
		{"rope.scaling.yarn_ext_factor", float32(-1), float32(1)},
		{"rope.scaling.yarn_attn_factor", float32(1), float32(0.5)},
		{"rope.scaling.yarn_log_multiplier", float32(0), float32(0.1)},
		{"rope.scaling.short_factor", nil, []float32{1, 2}},
		{"rope.scaling.ntk", nil, uint32(2)},
		{"rope.dimension_sections", nil, []int32{16, 24, 24, 0}},
		{"rope.type", nil, "neox"},
		{"attention.sliding_window", uint32(0), uint32(64)},
		{"attention.sliding_window", nil, []uint32{0, 64}},
		{"attention.sliding_window_pattern", nil, []bool{true, false}},
		{"attention.causal", true, false},
		{"attention.scale", nil, float32(0.1)},
		{"attention.max_alibi_bias", float32(0), float32(8)},
		{"attention.clamp_kqv", float32(0), float32(8)},
		{"attention.temperature_scale", nil, float32(0.1)},
		{"attention.layer_norm_epsilon", nil, float32(1e-5)},
		{"attention.sinks", nil, true},
		{"attention.q_lora_rank", uint32(0), uint32(512)},
		{"attn_logit_softcapping", float32(0), float32(50)},
		{"final_logit_softcapping", float32(0), float32(30)},
		{"logit_scale", float32(1), float32(0.25)},
		{"residual_scale", float32(0), float32(0.5)},
		{"embedding_scale", float32(1), float32(12)},
		{"expert_gating_func", uint32(1), uint32(2)},
		{"expert_gating_func", uint32(0), "sigmoid"},
		{"expert_group_count", uint32(1), uint32(8)},
		{"expert_group_used_count", uint32(1), uint32(4)},
		{"expert_shared_count", uint32(0), uint32(1)},
		{"expert_shared_feed_forward_length", uint32(0), uint32(512)},
		{"leading_dense_block_count", uint32(0), uint32(1)},
		{"interleave_moe_layer_step", uint32(1), uint32(2)},
		{"nextn_predict_layers", uint32(0), uint32(1)},
		{"hidden_activation", "silu", "gelu"},
		{"use_parallel_residual", false, true},
		{"something.new", nil, uint32(0)},
		{"attention.head_count", nil, []uint32{4, 4}},
		{"rope.scale_linear", float32(1), "four"},
	} {
		if c.same != nil {
			meta := numbers()
			meta[c.key] = c.same
			if got, err := ReadConfig(open(t, meta, nil)); err != nil || got != plain {
				t.Errorf("%s = %v changes nothing, but: %v", c.key, c.same, err)
			}
		}
		if c.another == nil {
			continue
		}
		meta := numbers()
		meta[c.key] = c.another
		_, err := ReadConfig(open(t, meta, nil))
		if err == nil || !strings.HasPrefix(err.Error(), "small.gguf: ") || !strings.Contains(err.Error(), key(c.key)) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s = %v: %v", c.key, c.another, err)
		}
	}
}

// TestTextInErrors: what a file says is quoted and cut, so that an error is one
// short line.
func TestTextInErrors(t *testing.T) {
	long := "\x1b[31m\n" + strings.Repeat("x", 1<<16)
	for _, name := range []string{"rope.scaling.type", "hidden_activation", long} {
		meta := numbers()
		meta[name] = long
		_, err := ReadConfig(open(t, meta, nil))
		if err == nil || len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%.20q: %.400q", name, err)
		}
	}
}
