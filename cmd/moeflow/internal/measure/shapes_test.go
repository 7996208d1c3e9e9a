package measure

import (
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
)

// mixed is a layer of three types beside one of a single type.
var mixed = testmodel.Synth{Name: "three types in a layer", Layers: 2, Hidden: 96, Heads: 4, KV: 2, Dim: 64, Experts: 6, TopK: 2, Width: 64, Vocab: 301,
	Kind: quant.F16, Kinds: map[string]quant.Type{"blk.0.ffn_gate_exps": quant.Q8_0, "blk.0.ffn_down_exps": quant.Q4_0}}

// shapes is models of every form that the metadata can describe: odd expert
// counts, one to eight experts used, head sizes, one to eight query heads a kv
// head, rows that fill no power of two.
var shapes = []testmodel.Synth{
	{Name: "one of three experts, tied", Layers: 2, Hidden: 96, Heads: 2, KV: 2, Dim: 64, Experts: 3, TopK: 1, Width: 32, Vocab: 257, Tied: true, Kind: quant.F16},
	{Name: "eight heads on one", Layers: 2, Hidden: 160, Heads: 8, KV: 1, Dim: 80, Experts: 5, TopK: 3, Width: 96, Vocab: 300, Kind: quant.Q8_0},
	{Name: "all of seven experts", Layers: 3, Hidden: 40, Heads: 4, KV: 2, Dim: 96, Experts: 7, TopK: 7, Width: 24, Vocab: 259, Kind: quant.F32},
	{Name: "all of eight experts, tied", Layers: 2, Hidden: 288, Heads: 4, KV: 1, Dim: 128, Experts: 8, TopK: 8, Width: 64, Vocab: 320, Tied: true, Kind: quant.Q4_0},
	{Name: "three heads on one", Layers: 2, Hidden: 72, Heads: 6, KV: 2, Dim: 64, Experts: 9, TopK: 2, Width: 40, Vocab: 256, Kind: quant.BF16},
	{Name: "five experts", Layers: 1, Hidden: 256, Heads: 2, KV: 1, Dim: 128, Experts: 5, TopK: 5, Width: 256, Vocab: 301, Kind: quant.Q5_K},
	{Name: "K types mixed", Layers: 2, Hidden: 512, Heads: 4, KV: 2, Dim: 64, Experts: 3, TopK: 2, Width: 256, Vocab: 257, Kind: quant.Q4_K,
		Kinds: map[string]quant.Type{"output": quant.Q6_K, "blk.0.ffn_down_exps": quant.Q6_K, "blk.1.attn_v": quant.Q6_K, "token_embd": quant.Q8_0}},
	{Name: "other numbers", Layers: 2, Hidden: 64, Heads: 5, KV: 5, Dim: 32, Experts: 4, TopK: 4, Width: 64, Vocab: 290, Kind: quant.Q8_0,
		Meta: map[string]any{"qwen3moe.rope.dimension_count": uint32(16), "qwen3moe.expert_weights_norm": false, "qwen3moe.expert_weights_scale": float32(2.5),
			"qwen3moe.rope.scaling.type": "linear", "qwen3moe.rope.scaling.factor": float32(4), "qwen3moe.rope.freq_base": float32(10000)}},
	mixed,
}

// prompt is n tokens of a small vocabulary.
func prompt(n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32((i*i*37 + i*11 + 5) % 256)
	}
	return ids
}

// TestShapes runs models of every form on the device and, the same plans, in
// plain Go.
func TestShapes(t *testing.T) {
	ids := prompt(21)
	for _, s := range shapes {
		t.Run(strings.ReplaceAll(s.Name, " ", "_"), func(t *testing.T) {
			m, err := s.Model(t)
			if err != nil {
				t.Fatal(err)
			}
			for _, kv := range []quant.Type{quant.F16, quant.Q8_0} {
				if s.Dim%kv.BlockSize() != 0 {
					continue
				}
				// Chunks of 8, 8 and 4, and a single row at the end.
				plans := engine.Plans{Buckets: enginetest.Buckets(1, 1, 4, 4, 8, 8), Context: 64, KVType: kv}
				e := enginetest.Start(t, m, plans)
				got := logitsOf(t, e, ids)
				want := logitsOf(t, enginetest.Reference(t, m, plans), ids)
				worst := 1.0
				for pos := range ids {
					c := testmodel.Cosine(got[pos], want[pos])
					worst = min(worst, c)
					if !(c >= 0.9999) || !testmodel.SameTop(got[pos], want[pos]) {
						t.Errorf("kv %s, position %d: cosine %.6f, top %d and %d", kv, pos, c, testmodel.Top(got[pos]), testmodel.Top(want[pos]))
					}
				}
				if c := testmodel.Cosine(want[3], want[17]); c > 0.9 {
					t.Errorf("positions 3 and 17 have a cosine of %.4f: this model would not show a mistake", c)
				}
				t.Logf("kv %s: least cosine %.8f", kv, worst)
			}
		})
	}
}
