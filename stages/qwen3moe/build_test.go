package qwen3moe

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"moeflow/gguf"
	"moeflow/gguf/ggufwrite"
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// anyKernel has every kernel: these tests are about the graph.
type anyKernel struct{}

func (anyKernel) Lookup(graph.Kernel) (graph.KernelInfo, bool) {
	return graph.KernelInfo{Tile: [3]uint32{1, 1, 1}, Local: 32}, true
}

// shapes is every tensor of the model that numbers describes.
func shapes() map[string][]uint64 {
	s := map[string][]uint64{"token_embd": {64, 40}, "output": {64, 40}, "output_norm": {64}}
	for i := range 2 {
		for name, shape := range map[string][]uint64{
			"attn_norm": {64}, "attn_q": {64, 128}, "attn_k": {64, 64}, "attn_v": {64, 64}, "attn_output": {128, 64},
			"attn_q_norm": {32}, "attn_k_norm": {32}, "ffn_norm": {64}, "ffn_gate_inp": {64, 5},
			"ffn_gate_exps": {64, 32, 5}, "ffn_up_exps": {64, 32, 5}, "ffn_down_exps": {32, 64, 5},
		} {
			s[fmt.Sprintf("blk.%d.%s", i, name)] = shape
		}
	}
	return s
}

// model is a file of zeros with changed shapes; an empty shape leaves a tensor
// out.
func model(t *testing.T, change map[string][]uint64) *gguf.File {
	return open(t, numbers(), func(w *ggufwrite.Writer) {
		all := shapes()
		for name, s := range change {
			all[name] = s
		}
		for name, s := range all {
			if len(s) == 0 {
				continue
			}
			n, _ := graph.Shape(s).Elements()
			w.Tensor(name+".weight", quant.F32, make([]float32, n), s...)
		}
	})
}

func compile(f *gguf.File) (*graph.Plan, error) {
	c, err := ReadConfig(f)
	if err != nil {
		return nil, err
	}
	g, err := Build(f, c, Options{Layout: graph.StepLayout{Rows: 4, Outs: 2, Pages: 2}, KVType: quant.F16, Positions: 128, PageSize: 64, Slots: 2})
	if err != nil {
		return nil, err
	}
	return graph.Compile(g, graph.Options{Kernels: anyKernel{}})
}

func TestMissingTensorsAreReportedTogether(t *testing.T) {
	_, err := compile(model(t, map[string][]uint64{"blk.0.attn_q": nil, "blk.1.ffn_down_exps": nil, "output_norm": nil}))
	if err == nil {
		t.Fatal("a file without three tensors was taken")
	}
	for _, name := range []string{"blk.0.attn_q", "blk.1.ffn_down_exps", "output_norm"} {
		if want := "small.gguf: tensor " + name + ".weight is missing"; !strings.Contains(err.Error(), want) {
			t.Errorf("%q says nothing of %s", err, name)
		}
	}
}

func TestWrongShapesNameTheTensor(t *testing.T) {
	for name := range shapes() {
		// One element more on the last axis, and one axis too many.
		for _, spoil := range []func([]uint64) []uint64{
			func(s []uint64) []uint64 { s[len(s)-1]++; return s },
			func(s []uint64) []uint64 { return append(s, 2) },
		} {
			wrong := spoil(slices.Clone(shapes()[name]))
			_, err := compile(model(t, map[string][]uint64{name: wrong}))
			if err == nil || !strings.Contains(err.Error(), name+".weight") || !strings.Contains(err.Error(), "wanted") {
				t.Errorf("%s of shape %v: %v", name, wrong, err)
			}
		}
	}
	_, err := compile(model(t, map[string][]uint64{"token_embd": {96, 40}, "output": {96, 40}}))
	if err == nil || !strings.Contains(err.Error(), "token_embd.weight has shape {96, 40}, wanted {64, vocabulary}") {
		t.Errorf("embeddings of another size: %v", err)
	}
}

// TestUnusedTensors: what the graph has no place for would change an answer, so
// the file is refused by the tensor's name.
func TestUnusedTensors(t *testing.T) {
	for _, name := range []string{
		"blk.0.attn_q.bias", "blk.1.attn_k.bias", "blk.0.attn_v.bias", "blk.0.attn_output.bias", "blk.0.attn_sinks.weight",
		"blk.0.ffn_gate_inp.bias", "blk.0.exp_probs_b.bias", "blk.0.ffn_gate_exps.bias", "blk.0.ffn_down_exps.scale",
		"blk.0.ffn_gate_shexp.weight", "blk.0.ffn_gate_inp_shexp.weight", "blk.0.ffn_gate_up_exps.weight", "blk.0.ffn_gate.0.weight",
		"blk.0.post_attention_norm.weight", "blk.0.attn_norm.bias", "blk.2.attn_norm.weight", "blk.00.attn_norm.weight",
		"output.bias", "output_norm.bias", "token_embd_norm.weight", "rope_freqs.weight", "blk.0.attn_q.weight.lora_a", "x\x1b[31m\n",
	} {
		f := open(t, numbers(), func(w *ggufwrite.Writer) {
			for name, s := range shapes() {
				n, _ := graph.Shape(s).Elements()
				w.Tensor(name+".weight", quant.F32, make([]float32, n), s...)
			}
			w.Tensor(name, quant.F32, make([]float32, 32), 32)
		})
		_, err := compile(f)
		if want := fmt.Sprintf("small.gguf: tensor %q is not part of what is computed", name); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestBlockCount: blocks that have no tensors are refused before anything is made
// for them.
func TestBlockCount(t *testing.T) {
	meta := numbers()
	meta["block_count"] = uint32(1 << 24)
	f := open(t, meta, func(w *ggufwrite.Writer) { w.Tensor("blk.0.attn_norm.weight", quant.F32, make([]float32, 64), 64) })
	c, err := ReadConfig(f)
	if err != nil {
		t.Fatal(err)
	}
	build := func() {
		if _, err := Build(f, c, Options{}); err == nil || !strings.Contains(err.Error(), "qwen3moe.block_count is 16777216, but the file has no tensor blk.1.") {
			t.Error(err)
		}
	}
	if n := testing.AllocsPerRun(1, build); n > 100 {
		t.Errorf("%v allocations for 16 million blocks that are not there", n)
	}
}

// TestErrorsAreBounded: a file that lacks most of its tensors gets a short error.
func TestErrorsAreBounded(t *testing.T) {
	meta := numbers()
	meta["block_count"] = uint32(1000)
	_, err := compile(open(t, meta, func(w *ggufwrite.Writer) {
		for i := range 1000 {
			w.Tensor(fmt.Sprintf("blk.%d.attn_norm.weight", i), quant.F32, make([]float32, 64), 64)
		}
	}))
	if err == nil || len(err.Error()) > 1000 {
		t.Errorf("%.2000v", err)
	}
}

func TestTiedOutput(t *testing.T) {
	for tied, want := range map[bool]string{false: "output.weight", true: "token_embd.weight"} {
		change := map[string][]uint64{}
		if tied {
			change["output"] = nil
		}
		p, err := compile(model(t, change))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, d := range p.Dispatches {
			if p.Nodes[d.Node].Kind == "lm-head" && d.Kernel.Op == graph.OpNormLinear {
				got = p.Tensors[d.Args[3].Tensor].Name
			}
		}
		if got != want {
			t.Errorf("tied %v: the logits come from %q, wanted %s", tied, got, want)
		}
	}
}

// TestRotations compares the two floats of each pair with float64, and shows
// what the second is for: far out, one float alone turns too far.
func TestRotations(t *testing.T) {
	for _, c := range []Config{{RopeDim: 128, RopeBase: 1e7, RopeScale: 1}, {RopeDim: 64, RopeBase: 10000, RopeScale: 4}} {
		b, half := rotations(c), c.RopeDim/2
		if len(b) != 8*half {
			t.Fatalf("%d bytes for %d pairs, wanted 8 each", len(b), half)
		}
		at := func(i int) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))) }
		const position = 262143
		worst, alone := 0.0, 0.0
		for i := range half {
			want := math.Exp(-2*float64(i)/float64(c.RopeDim)*math.Log(c.RopeBase)) / c.RopeScale // radians
			worst = max(worst, math.Abs(position*(2*math.Pi*(at(i)+at(half+i))-want)))
			alone = max(alone, math.Abs(position*(2*math.Pi*at(i)-want)))
		}
		if worst > 1e-8 {
			t.Errorf("base %g: off by %g rad at position %d, wanted at most 1e-8", c.RopeBase, worst, position)
		}
		if alone < 1e-4 {
			t.Errorf("base %g: the high parts alone are off by %g rad: the low parts prove nothing", c.RopeBase, alone)
		}
	}
}
