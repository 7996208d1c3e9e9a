package vk

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/flow"
	"moeflow/stages"
	"moeflow/stages/ref"
	"moeflow/vk/shaders"
)

// mixtureLayout is three rows a step, two of which have logits.
var mixtureLayout = graph.StepLayout{Rows: 3, Outs: 2, Pages: 1}

// mixture compiles a model of three layers of experts, and gives random weights
// of a fixed seed.
func mixture(t *testing.T, by graph.Granularity) (*graph.Plan, map[string][]byte) {
	t.Helper()
	const n, hidden, experts, vocabulary = 64, 32, 8, 40
	g := graph.New("mixture", mixtureLayout)
	weight := func(name string, shape ...uint64) graph.TensorID {
		return g.Tensor(graph.Tensor{Name: name, Shape: shape, Type: quant.F32, Role: graph.Weight})
	}
	sampled := g.Tensor(graph.Tensor{Name: "sampled", Shape: graph.Shape{2}, Type: quant.U32, Role: graph.State})
	table := weight("token_embd", n, vocabulary)
	x := g.Add(graph.Node{Name: "embed", Kind: "embed", Layer: -1, Stage: stages.Embed{Table: table, Sampled: sampled}, Out: []string{"x"}})[0]
	for l := range 3 {
		name := func(s string) string { return fmt.Sprintf("blk.%d.%s", l, s) }
		r := g.Add(graph.Node{Name: name("router"), Kind: "router", Layer: l, Stage: stages.Router{X: x, Norm: weight(name("ffn_norm"), n),
			Gate: weight(name("ffn_gate_inp"), n, experts), Experts: experts, TopK: 3, NormTopK: true, Scale: 1, Eps: 1e-6},
			Out: []string{"h", "ids", "weights"}})
		x = g.Add(graph.Node{Name: name("experts"), Kind: "expert-swiglu", Layer: l, Stage: stages.ExpertSwiGLU{X: x, H: r[0], IDs: r[1], Weights: r[2],
			Gate: weight(name("ffn_gate_exps"), n, hidden, experts), Up: weight(name("ffn_up_exps"), n, hidden, experts),
			Down: weight(name("ffn_down_exps"), hidden, n, experts), Width: hidden, Experts: experts}, Out: []string{"x"}})[0]
	}
	logits := g.Add(graph.Node{Name: "lm_head", Kind: "lm-head", Layer: -1,
		Stage: stages.LMHead{X: x, Norm: weight("output_norm", n), W: table, Eps: 1e-6}, Out: []string{"logits"}})[0]
	g.Add(graph.Node{Name: "sample", Kind: "sample", Layer: -1, Stage: stages.ArgMax{Logits: logits, Sampled: sampled}})
	g.Readable(logits)
	g.Readable(sampled)
	p, err := graph.Compile(g, graph.Options{Kernels: shaders.Catalog(), Granularity: by})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	data := map[string][]byte{}
	for _, w := range g.Weights() {
		count, _ := w.Shape.Elements()
		values := make([]float32, count)
		for i := range values {
			values[i] = float32(rng.NormFloat64() / math.Sqrt(float64(w.Shape[0])))
		}
		data[w.Name] = floatBytes(values)
	}
	return p, data
}

// runner is what the programs of the reference and of the device have in common.
type runner interface {
	flow.Backend
	Input(slot int, name string) ([]byte, error)
	Read(slot int, id graph.TensorID) ([]byte, error)
}

// generate runs steps of given tokens, as many in flight as there are slots, and
// returns each step's logits and sampled tokens.
func generate(t *testing.T, p *graph.Plan, b runner, slots, steps int) (logits, sampled [][]byte) {
	t.Helper()
	f := flow.Start(t.Context(), len(p.Segments), slots, b, flow.Hooks{})
	collect := func() {
		t.Helper()
		tick, err := f.Next()
		if err != nil {
			t.Fatal(err)
		}
		for i, to := range []*[][]byte{&logits, &sampled} {
			got, err := b.Read(tick.Slot, p.Reads[i])
			if err != nil {
				t.Fatal(err)
			}
			*to = append(*to, bytes.Clone(got))
		}
	}
	for s := range steps {
		if s >= slots {
			collect()
		}
		in, err := b.Input(s%slots, "step")
		if err != nil {
			t.Fatal(err)
		}
		words := make([]uint32, mixtureLayout.Words())
		rows := []graph.StepRow{{Token: uint32(3 * s)}, {Token: 7}, {Token: uint32(39 - s), Slot: 1}}
		mixtureLayout.Fill(words, rows, []uint32{0, 2}, []uint32{0})
		for i, w := range words {
			binary.LittleEndian.PutUint32(in[4*i:], w)
		}
		if err := f.Enqueue(graph.Ticket{Step: uint64(s + 1), Slot: s % slots, Read: 3}); err != nil {
			t.Fatal(err)
		}
	}
	for range min(slots, steps) {
		collect()
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return logits, sampled
}

// TestGranularities compiles one model at each granularity: the device must give
// the same bytes, and what the reference computes.
func TestGranularities(t *testing.T) {
	const steps = 10
	plan, data := mixture(t, graph.PerDevice)
	progs, err := ref.Load([]*graph.Plan{plan}, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantLogits, wantSampled := generate(t, plan, progs[0], 1, steps) // it reads state where it lies, so one step at a time
	var first [][]byte
	segments := 0
	for _, by := range []graph.Granularity{graph.PerDevice, graph.PerLayer, graph.PerStage} {
		p, _ := mixture(t, by)
		if len(p.Segments) <= segments {
			t.Errorf("%s: %d segments, wanted more than %d", by, len(p.Segments), segments)
		}
		segments = len(p.Segments)
		r := openTest(t, Options{})
		var ws []Weight
		for name, d := range data {
			ws = append(ws, Weight{Name: name, Data: d})
		}
		if err := r.Upload(ws, nil); err != nil {
			t.Fatal(err)
		}
		progs, err := r.Load([]*graph.Plan{p}, 2)
		if err != nil {
			t.Fatal(err)
		}
		logits, sampled := generate(t, p, progs[0], 2, steps)
		if first == nil {
			first = logits
		}
		for s := range steps {
			if !bytes.Equal(sampled[s], wantSampled[s]) {
				t.Errorf("%s: step %d samples %v, wanted %v", by, s, sampled[s], wantSampled[s])
			}
			if !bytes.Equal(logits[s], first[s]) {
				t.Errorf("%s: step %d has other logits than in one segment", by, s)
			}
			if d := furthest(logits[s], wantLogits[s]); d > 1e-4 {
				t.Errorf("%s: step %d has logits off by %g", by, s, d)
			}
		}
	}
	tokens := map[string]bool{}
	for _, b := range wantSampled {
		tokens[string(b[:4])] = true
	}
	if len(tokens) < 3 {
		t.Errorf("the model samples %d different tokens: the test shows little", len(tokens))
	}
}

// furthest is the largest difference of two lists of floats.
func furthest(a, b []byte) float64 {
	worst := 0.0
	for i := 0; i < len(a); i += 4 {
		x, y := math.Float32frombits(binary.LittleEndian.Uint32(a[i:])), math.Float32frombits(binary.LittleEndian.Uint32(b[i:]))
		if d := math.Abs(float64(x) - float64(y)); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// TestReadBits wants a step without a Read bit to leave the copy of the slot's
// last step that had it.
func TestReadBits(t *testing.T) {
	c := newModel(2)
	r := openTest(t, Options{})
	if err := r.Upload(c.upload(), nil); err != nil {
		t.Fatal(err)
	}
	progs, err := r.Load([]*graph.Plan{c.plan(2)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := progs[0]
	var y, state []float32
	for s, bits := range []uint64{3, 0, 1, 2, 0} { // bit 0 is the state, bit 1 is y
		x := make([]float32, width)
		for i := range x {
			x[i] = float32(s + i + 1)
		}
		set(t, p, 0, x)
		tick := graph.Ticket{Step: uint64(s + 1), Read: bits}
		for seg := range p.plan.Segments {
			if err := p.Submit(seg, tick); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Wait(context.Background(), tick); err != nil {
			t.Fatal(err)
		}
		newY, newState := c.step(x)
		if bits&1 != 0 {
			state = newState
		}
		if bits&2 != 0 {
			y = newY
		}
		if got := floatBytes(read(t, p, 0, "y")); !bytes.Equal(got, floatBytes(y)) {
			t.Errorf("step %d with bits %d: y is not that of the last step that read it", s, bits)
		}
		if got := floatBytes(read(t, p, 0, "state")); !bytes.Equal(got, floatBytes(state)) {
			t.Errorf("step %d with bits %d: state is not that of the last step that read it", s, bits)
		}
	}
}
