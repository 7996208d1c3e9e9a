package graph_test

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"moeflow/gguf"
	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
	"moeflow/vk/shaders"
)

// chance draws models, devices and steps.
type chance struct{ *rand.Rand }

func of[T any](c chance, list ...T) T { return list[c.IntN(len(list))] }

// device is the capabilities of a GPU or a CPU, some of them missing, as devices and
// drivers have it.
func (c chance) device() []string {
	if c.IntN(8) == 0 {
		has := []string{"cpu"}
		for _, n := range []string{"subgroup8", "warps8", "warps16", "float16", "int8", "dot", "shared48"} {
			if c.IntN(3) > 0 {
				has = append(has, n)
			}
		}
		return has
	}
	has := []string{"gpu"}
	// Each asks for those that are named with it.
	for _, n := range [][]string{{"shared48"}, {"subgroup32"}, {"warps8"}, {"warps16", "warps8"}, {"float16"}, {"dot"},
		{"coopmat", "float16"}, {"mma", "coopmat", "subgroup32"}} {
		if c.IntN(8) > 0 && !slices.ContainsFunc(n[1:], func(s string) bool { return !slices.Contains(has, s) }) {
			has = append(has, n[0])
		}
	}
	return has
}

// model is one block of a model, its matrices of mixed types.
func (c chance) model() ggufwrite.Shapes {
	s := ggufwrite.Shapes{Name: "chance", Layers: 1, Hidden: of(c, 256, 512, 1024, 2048, 2048, 2880, 4096, 8192, 1408, 96, 1030), KVHeads: of(c, 1, 2, 4, 8),
		HeadDim: of(c, 128, 128, 128, 64, 80, 96, 256, 40, 32), Experts: of(c, 8, 16, 60, 128, 256, 384, 512), TopK: of(c, 1, 2, 4, 6, 8, 8, 10, 16),
		Width: of(c, 256, 512, 768, 1024, 1408, 1536, 2048, 2880, 4096, 9216, 104), Vocab: of(c, 1000, 4096, 32000, 151936), Types: map[string]quant.Type{}}
	s.Heads, s.TopK = s.KVHeads*of(c, 1, 2, 4, 8, 8, 16, 17), min(s.TopK, s.Experts)
	common, k := of(c, quant.Types()...), []quant.Type{quant.Q4_K, quant.Q5_K, quant.Q6_K}
	if c.IntN(2) == 0 {
		common = of(c, k...)
	}
	for _, m := range []struct {
		name    string
		columns int
	}{{"token_embd", s.Hidden}, {"output", s.Hidden}, {"attn_q", s.Hidden}, {"attn_k", s.Hidden}, {"attn_v", s.Hidden}, {"attn_output", s.Heads * s.HeadDim},
		{"ffn_gate_exps", s.Hidden}, {"ffn_up_exps", s.Hidden}, {"ffn_down_exps", s.Width}, {"ffn_gate_inp", s.Hidden}} {
		t := of(c, common, common, of(c, k...), of(c, quant.Types()...))
		if m.name == "ffn_gate_inp" && c.IntN(4) > 0 {
			t = quant.F32
		}
		if m.columns%t.BlockSize() != 0 {
			t = quant.F16
		}
		s.Types[m.name] = t
	}
	if c.IntN(4) > 0 {
		s.Types["ffn_up_exps"] = s.Types["ffn_gate_exps"]
	}
	return s
}

// compile is the plan of a step drawn by chance.
func (c chance) compile(t *testing.T, path string) *graph.Plan {
	t.Helper()
	s := c.model()
	var w ggufwrite.Writer
	s.Put(&w)
	w.Set("qwen3moe.expert_weights_norm", c.IntN(3) > 0)
	if err := w.WriteSparse(path); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	config, err := qwen3moe.ReadConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	cache := of(c, quant.F16, quant.F16, quant.Q8_0, quant.F32)
	if s.HeadDim%cache.BlockSize() != 0 {
		cache = quant.F16
	}
	rows := of(c, 1, 1, 2, 3, 4, 8, 12, 15, 16, 20, 32, 33, 48, 64, 65, 128, 256, 512, 1024, 2048)
	g, err := qwen3moe.Build(f, config, qwen3moe.Options{Layout: graph.StepLayout{Rows: rows, Outs: of(c, 1, min(rows, 64), rows), Pages: 64},
		KVType: cache, Positions: 4096, PageSize: 64, MaxRows: 2048, Slots: 2048, CountExperts: c.IntN(3) == 0,
		Sampler: c.IntN(8) == 0, Masks: c.IntN(2) == 0})
	if err != nil {
		t.Fatal(err)
	}
	without := of(c, []string{"q8"}, []string{"q8"}, []string{"q8", "f16"}, nil, []string{"q16"}, []string{"q16"}, []string{"q16", "q8", "f16"}, []string{"f16"})
	p, err := graph.Compile(g, graph.Options{Kernels: shaders.For(shaders.Choice{Has: c.device(), Without: without, Processors: 132}), Counters: c.IntN(2) == 0})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAllIsReached wants every kernel to be chosen by some plan, and every rule of fuse
// to do something in one: what never does only makes the program larger. Models, devices
// and steps are drawn until all are seen.
func TestAllIsReached(t *testing.T) {
	c := chance{rand.New(rand.NewPCG(11, 9))}
	path := filepath.Join(t.TempDir(), "m.gguf")
	left, matches := map[graph.Kernel]bool{}, map[string]int{}
	for _, k := range shaders.All() {
		left[k] = true
	}
	const most = 40000
	n := 0
	for ; (len(left) > 0 || len(matches) < len(graph.Rules())) && n < most; n++ {
		p := c.compile(t, path)
		for i := range p.Prepare {
			delete(left, p.Prepare[i].Kernel)
		}
		for i := range p.Dispatches {
			delete(left, p.Dispatches[i].Kernel)
		}
		for rule, count := range p.Rules {
			if count > 0 {
				matches[rule] += count
			}
		}
	}
	for k := range left {
		t.Errorf("no plan of %d has %s: another kernel is always preferred, or no rule asks for it", n, k)
	}
	for _, rule := range graph.Rules() {
		if matches[rule] == 0 {
			t.Errorf("the rule %s did nothing in %d plans", rule, n)
		}
		t.Logf("%6d × %s", matches[rule], rule)
	}
	t.Logf("%d plans have all %d kernels", n, len(shaders.All()))
}
