package stages_test

import (
	"strings"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages"
)

// block is every kind of stage once, on edges that a test may spoil.
type block struct {
	shapes map[string]graph.Shape
	types  map[string]quant.Type
	topK   int
}

func sound() block {
	return block{
		shapes: map[string]graph.Shape{
			"sampled": {2}, "done": {8}, "counts": {5, 2}, "token_embd": {64, 40}, "output_norm": {64}, "output": {64, 40}, "freqs": {16, 2},
			"attn_norm": {64}, "attn_q": {64, 128}, "attn_k": {64, 64}, "attn_v": {64, 64}, "attn_output": {128, 64},
			"attn_q_norm": {32}, "attn_k_norm": {32}, "k_cache": {64, 128}, "v_cache": {64, 128},
			"ffn_norm": {64}, "ffn_gate_inp": {64, 5}, "ffn_gate_exps": {64, 96, 5}, "ffn_up_exps": {64, 96, 5}, "ffn_down_exps": {96, 64, 5},
		},
		types: map[string]quant.Type{"sampled": quant.U32, "done": quant.U32, "counts": quant.U32}, // others are F32
		topK:  3,
	}
}

func (b block) compile() (*graph.Plan, error) {
	g := graph.New("block", graph.StepLayout{Rows: 4, Outs: 2, Pages: 2})
	id := map[string]graph.TensorID{}
	for name, shape := range b.shapes {
		role := graph.Weight
		if name == "sampled" || name == "done" || name == "counts" || strings.HasSuffix(name, "cache") {
			role = graph.State
		}
		id[name] = g.Tensor(graph.Tensor{Name: name, Shape: shape, Type: b.types[name], Role: role})
	}
	add := func(name string, s graph.Stage, out ...string) []graph.TensorID {
		return g.Add(graph.Node{Name: name, Kind: name, Stage: s, Out: out})
	}
	x := add("embed", stages.Embed{Table: id["token_embd"], Sampled: id["sampled"]}, "x")[0]
	x = add("attention", stages.Attention{X: x, Norm: id["attn_norm"], Q: id["attn_q"], K: id["attn_k"], V: id["attn_v"], O: id["attn_output"],
		QNorm: id["attn_q_norm"], KNorm: id["attn_k_norm"], Freqs: id["freqs"], KCache: id["k_cache"], VCache: id["v_cache"], Done: id["done"],
		Heads: 4, KVHeads: 2, HeadDim: 32, RopeDim: 32, PageSize: 64, Eps: 1e-6}, "x")[0]
	r := add("router", stages.Router{X: x, Norm: id["ffn_norm"], Gate: id["ffn_gate_inp"], Experts: 5, TopK: b.topK, Scale: 1, Eps: 1e-6}, "h", "ids", "weights")
	x = add("experts", stages.ExpertSwiGLU{X: x, H: r[0], IDs: r[1], Weights: r[2], Gate: id["ffn_gate_exps"], Up: id["ffn_up_exps"],
		Down: id["ffn_down_exps"], Width: 96, Experts: 5}, "x")[0]
	add("count", stages.ExpertCount{IDs: r[1], Counts: id["counts"], Layer: 1, Experts: 5})
	logits := add("lm_head", stages.LMHead{X: x, Norm: id["output_norm"], W: id["output"], Eps: 1e-6}, "logits")[0]
	add("sample", stages.ArgMax{Logits: logits, Sampled: id["sampled"]})
	return graph.Compile(g, graph.Options{Kernels: catalog{}})
}

func TestOutputs(t *testing.T) {
	p, err := sound().compile()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"embed/x": "{64, 4} activation", "attention/x": "{64, 4} activation", "router/h": "{64, 4} activation", "router/ids": "{3, 4} activation",
		"router/weights": "{3, 4} activation", "experts/x": "{64, 4} activation", "lm_head/logits": "{40, 2} output",
	} {
		id := p.Find(name)
		if id == graph.NoTensor {
			t.Errorf("no edge %s", name)
			continue
		}
		if x := p.Tensors[id]; x.Shape.String()+" "+x.Role.String() != want {
			t.Errorf("%s, wanted %s", x.String(), want)
		}
	}
}

// TestWrongEdges spoils one edge at a time: the error names the stage and the
// edge.
func TestWrongEdges(t *testing.T) {
	for name := range sound().shapes {
		if name == "token_embd" { // gives the size that all others are held to
			continue
		}
		b := sound()
		s := b.shapes[name]
		s[0]--
		if _, err := b.compile(); err == nil || !strings.Contains(err.Error(), "tensor "+name+" has shape "+s.String()) {
			t.Errorf("%s of shape %s: %v", name, s, err)
		}
	}
	for name, spoil := range map[string]func(*block){
		"tensor token_embd has shape {64}, wanted {embedding, vocabulary}":   func(b *block) { b.shapes["token_embd"] = graph.Shape{64} },
		"tensor counts is F32, wanted one of [U32]":                          func(b *block) { b.types["counts"] = quant.F32 },
		"tensor counts has shape {5, 1}, wanted {5, more than 1}":            func(b *block) { b.shapes["counts"] = graph.Shape{5, 1} },
		"tensor sampled is F32, wanted one of [U32]":                         func(b *block) { b.types["sampled"] = quant.F32 },
		"tensor attn_norm is F16, wanted one of [F32]":                       func(b *block) { b.types["attn_norm"] = quant.F16 },
		"tensor attn_k_norm is F16, wanted one of [F32]":                     func(b *block) { b.types["attn_k_norm"] = quant.F16 },
		"tensor output_norm is F16, wanted one of [F32]":                     func(b *block) { b.types["output_norm"] = quant.F16 },
		"tensor k_cache has shape {64, 100}, wanted {64, whole pages of 64}": func(b *block) { b.shapes["k_cache"] = graph.Shape{64, 100} },
		"top_k is 6 of 5 experts":                                            func(b *block) { b.topK = 6 },
		"top_k is 0 of 5 experts":                                            func(b *block) { b.topK = 0 },
	} {
		b := sound()
		spoil(&b)
		if _, err := b.compile(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, wanted %s", err, name)
		}
	}
}

// TestSampleEdges: the sampler's buffers have the sizes that its rows need.
func TestSampleEdges(t *testing.T) {
	shapes := map[string]graph.Shape{"logits": {300, 2}, "sampled": {5}, "sampling": {32}, "sample_masks": {10, 2}, "recent": {graph.SampleRecent, 5}}
	compile := func(name string, shape graph.Shape, typ quant.Type) (*graph.Plan, error) {
		g := graph.New("sampler", graph.StepLayout{Rows: 4, Outs: 2, Pages: 2})
		id := map[string]graph.TensorID{}
		for n, s := range shapes {
			x := graph.Tensor{Name: n, Shape: s, Type: quant.U32, Role: graph.State}
			if n == "logits" {
				x.Type, x.Role = quant.F32, graph.Input
			}
			if n == name {
				x.Shape, x.Type = shape, typ
			}
			id[n] = g.Tensor(x)
		}
		g.Add(graph.Node{Name: "sample", Kind: "sample", Stage: stages.Sample{Logits: id["logits"], Sampled: id["sampled"], Sampling: id["sampling"],
			Mask: id["sample_masks"], Recent: id["recent"]}, Out: []string{"probs"}})
		return graph.Compile(g, graph.Options{Kernels: catalog{}})
	}
	p, err := compile("", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	if x := p.Tensors[p.Find("sample/probs")]; x.String() != "sample/probs U32 {42, 2} output" {
		t.Error(x.String())
	}
	for name, shape := range map[string]graph.Shape{"logits": {graph.SampleVocabulary + 1, 2}, "sampled": {1}, "sampling": {31}, "sample_masks": {9, 2}, "recent": {16, 4}} {
		typ := quant.Type(quant.U32)
		if name == "logits" {
			typ = quant.F32
		}
		if _, err := compile(name, shape, typ); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of shape %s: %v", name, shape, err)
		}
		if name == "logits" {
			continue
		}
		if _, err := compile(name, shapes[name], quant.F32); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s of floats: %v", name, err)
		}
	}
}
