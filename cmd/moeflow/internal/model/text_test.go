package model_test

import (
	"slices"
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
