package model_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
)

// sound is a file that runs, for tests to change.
var sound = testmodel.Synth{Name: "sound", Layers: 1, Hidden: 64, Heads: 2, KV: 1, Dim: 32, Experts: 3, TopK: 2, Width: 32, Vocab: 256, Kind: quant.Q8_0}

// TestEndsByKey: every key of a file that names an end does, and one that names a
// token which is not there names none.
func TestEndsByKey(t *testing.T) {
	for _, key := range []string{"eos", "eot", "eom", "fim_pad", "fim_rep", "fim_sep"} {
		for id, want := range map[uint32][]int32{65: {65}, 256: nil} {
			s := sound
			s.Meta = map[string]any{"tokenizer.ggml." + key + "_token_id": id}
			m, err := s.Model(t)
			if err != nil {
				t.Fatal(err)
			}
			if got := m.Tokenizer.EOGs(); !slices.Equal(got, want) {
				t.Errorf("%s_token_id %d: the ends are %v, wanted %v", key, id, got, want)
			}
		}
	}
}

// TestMetadataOutOfBounds: a key that is read or that would change an answer is
// refused by name, and one that changes none is not.
func TestMetadataOutOfBounds(t *testing.T) {
	for _, c := range []struct {
		key   string
		value any
		want  string // of the error; "" for none
	}{
		{"general.sampling.temp", float32(0.7), ""},
		{"general.sampling.temp", float32(math.NaN()), "is NaN, wanted a number from 0 to 100"},
		{"general.sampling.temp", float32(-1), "is -1, wanted"},
		{"general.sampling.temp", "hot", "wanted a number"},
		{"general.sampling.top_k", int32(-1), ""},
		{"general.sampling.top_k", uint64(math.MaxUint64), "wanted a whole number"},
		{"general.sampling.top_k", float32(2.5), "is 2.5, wanted a whole number"},
		{"general.sampling.top_p", float32(0), "is 0, wanted a number above 0 and at most 1"},
		{"general.sampling.top_p", float32(1.5), "is 1.5, wanted"},
		{"general.sampling.min_p", float64(2), "is 2, wanted a number from 0 to 1"},
		{"general.sampling.penalty_repeat", float32(math.Inf(1)), "is +Inf, wanted"},
		{"tokenizer.ggml.suppress_tokens", []int32{}, ""},
		{"tokenizer.ggml.suppress_tokens", []int32{5}, "names 1 tokens, wanted none"},
		{"tokenizer.ggml.add_sep_token", false, ""},
		{"tokenizer.ggml.add_sep_token", true, "is true, wanted false"},
		{"tokenizer.ggml.normalizer.lowercase", true, "is true, wanted false"},
		{"tokenizer.ggml.add_space_prefix", true, ""},
		{"tokenizer.ggml.padding_token_id", uint32(3), ""},
		{"tokenizer.ggml.merges", []uint8{1}, "wanted an array of strings"},
	} {
		s := sound
		s.Meta = map[string]any{c.key: c.value}
		m, err := s.Model(t)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), "small.gguf: ") ||
			!strings.Contains(err.Error(), c.key) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s = %v: %v", c.key, c.value, err)
		}
		if c.key == "general.sampling.top_k" && err == nil && *m.Sampling().TopK != 0 {
			t.Errorf("top_k %v is %d, wanted 0", c.value, *m.Sampling().TopK)
		}
	}
}
