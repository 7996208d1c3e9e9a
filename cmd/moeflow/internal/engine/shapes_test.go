package engine

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
	"moeflow/stages/ref"
	"moeflow/vk/shaders"
)

// mixed is a layer of three types beside one of a single type.
var mixed = synth{name: "three types in a layer", layers: 2, hidden: 96, heads: 4, kv: 2, dim: 64, experts: 6, topK: 2, width: 64, vocab: 301,
	kind: quant.F16, kinds: map[string]quant.Type{"blk.0.ffn_gate_exps": quant.Q8_0, "blk.0.ffn_down_exps": quant.Q4_0}}

// shapes is models of every form that the metadata can describe: odd expert
// counts, one to eight experts used, head sizes, one to eight query heads a kv
// head, rows that fill no power of two.
var shapes = []synth{
	{name: "one of three experts, tied", layers: 2, hidden: 96, heads: 2, kv: 2, dim: 64, experts: 3, topK: 1, width: 32, vocab: 257, tied: true, kind: quant.F16},
	{name: "eight heads on one", layers: 2, hidden: 160, heads: 8, kv: 1, dim: 80, experts: 5, topK: 3, width: 96, vocab: 300, kind: quant.Q8_0},
	{name: "all of seven experts", layers: 3, hidden: 40, heads: 4, kv: 2, dim: 96, experts: 7, topK: 7, width: 24, vocab: 259, kind: quant.F32},
	{name: "all of eight experts, tied", layers: 2, hidden: 288, heads: 4, kv: 1, dim: 128, experts: 8, topK: 8, width: 64, vocab: 320, tied: true, kind: quant.Q4_0},
	{name: "three heads on one", layers: 2, hidden: 72, heads: 6, kv: 2, dim: 64, experts: 9, topK: 2, width: 40, vocab: 256, kind: quant.BF16},
	{name: "five experts", layers: 1, hidden: 256, heads: 2, kv: 1, dim: 128, experts: 5, topK: 5, width: 256, vocab: 301, kind: quant.Q5_K},
	{name: "K types mixed", layers: 2, hidden: 512, heads: 4, kv: 2, dim: 64, experts: 3, topK: 2, width: 256, vocab: 257, kind: quant.Q4_K,
		kinds: map[string]quant.Type{"output": quant.Q6_K, "blk.0.ffn_down_exps": quant.Q6_K, "blk.1.attn_v": quant.Q6_K, "token_embd": quant.Q8_0}},
	{name: "other numbers", layers: 2, hidden: 64, heads: 5, kv: 5, dim: 32, experts: 4, topK: 4, width: 64, vocab: 290, kind: quant.Q8_0,
		meta: map[string]any{"qwen3moe.rope.dimension_count": uint32(16), "qwen3moe.expert_weights_norm": false, "qwen3moe.expert_weights_scale": float32(2.5),
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
		t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) {
			m, err := s.model(t)
			if err != nil {
				t.Fatal(err)
			}
			for _, kv := range []quant.Type{quant.F16, quant.Q8_0} {
				if s.dim%kv.BlockSize() != 0 {
					continue
				}
				// Chunks of 8, 8 and 4, and a single row at the end.
				e := start(t, m, Options{Buckets: []Bucket{{1, 1}, {4, 4}, {8, 8}}, Context: 64, KVType: kv})
				got, want := logitsOf(t, e, ids), refLogits(t, e, ids)
				worst := 1.0
				for pos := range ids {
					c := cosine(got[pos], want[pos])
					worst = min(worst, c)
					if !(c >= 0.9999) || !sameTop(got[pos], want[pos]) {
						t.Errorf("kv %s, position %d: cosine %.6f, top %d and %d", kv, pos, c, top(got[pos]), top(want[pos]))
					}
				}
				if c := cosine(want[3], want[17]); c > 0.9 {
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
	m, err := mixed.model(t)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := m.compile(planOptions{buckets: []Bucket{{1, 1}}, kvType: quant.F16, cache: 64, kernels: shaders.Catalog()})
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
