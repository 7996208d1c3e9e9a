package engine

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
	"moeflow/stages/ref"
	"moeflow/vk/shaders"
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
				e := start(t, m, Options{Buckets: []Bucket{{1, 1}, {4, 4}, {8, 8}}, Context: 64, KVType: kv})
				got, want := logitsOf(t, e, ids), refLogits(t, e, ids)
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

// refLogits computes what Logits does by stages/ref, with the engine's plans.
func refLogits(t *testing.T, e *Engine, ids []int32) [][]float32 {
	t.Helper()
	weights := map[string][]byte{}
	for _, x := range e.Model.File.Tensors() {
		weights[x.Name] = x.Data
	}
	progs, err := ref.Load(e.Plans, weights, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]float32
	for step := uint64(1); len(out) < len(ids); step++ {
		pos := len(out)
		plan := e.bucket(len(ids) - pos)
		b := e.buckets[plan]
		n := min(len(ids)-pos, b.Rows)
		rows, outs := make([]graph.StepRow, n), make([]uint32, n)
		for i := range rows {
			rows[i], outs[i] = graph.StepRow{Token: uint32(ids[pos+i]), Position: uint32(pos + i), Slot: uint32(i)}, uint32(i)
		}
		l := graph.StepLayout{Rows: b.Rows, Outs: b.Outs, Pages: pages(e.Context)}
		words := make([]uint32, l.Words())
		l.Fill(words, rows, outs, []uint32{0})
		in, err := progs[plan].Input(0, "step")
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range words {
			binary.LittleEndian.PutUint32(in[4*i:], w)
		}
		tk := graph.Ticket{Step: step, Plan: plan}
		for seg := range e.Plans[plan].Segments {
			if err := progs[plan].Submit(seg, tk); err != nil {
				t.Fatal(err)
			}
		}
		if err := progs[plan].Wait(context.Background(), tk); err != nil {
			t.Fatal(err)
		}
		data, err := progs[plan].Read(0, e.Plans[plan].Find(qwen3moe.Logits))
		if err != nil {
			t.Fatal(err)
		}
		vocab := len(data) / 4 / b.Outs
		for i := range n {
			row := make([]float32, vocab)
			for j := range row {
				row[j] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*(i*vocab+j):]))
			}
			out = append(out, row)
		}
	}
	return out
}

// TestThreeTypesAreNotFused: gate and up of one type become one dispatch, of
// two types they stay two.
func TestThreeTypesAreNotFused(t *testing.T) {
	m, err := mixed.Model(t)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := compile(m, planOptions{buckets: []Bucket{{1, 1}}, kvType: quant.F16, cache: 64, kernels: shaders.Catalog()})
	if err != nil {
		t.Fatal(err)
	}
	kernels := map[int][]string{}
	for _, d := range plans[0].Dispatches {
		if n := plans[0].Nodes[d.Node]; n.Kind == "expert-swiglu" {
			kernels[n.Layer] = append(kernels[n.Layer], d.Kernel.String())
		}
	}
	slices.Sort(kernels[0])
	if got, want := strings.Join(kernels[0], " "), "expert_down[Q4_0] expert_matvec[F16] expert_matvec[Q8_0] swiglu[F32]"; got != want {
		t.Errorf("the layer of three types runs %s, wanted %s", got, want)
	}
	if got, want := strings.Join(kernels[1], " "), "expert_gate_up[F16] expert_down[F16]"; got != want {
		t.Errorf("the layer of one type runs %s, wanted %s", got, want)
	}
}
