package vk

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	vulkan "github.com/goki/vulkan"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk/shaders"
)

// messages collects what the validation layers say.
type messages struct {
	mu   sync.Mutex
	list []string
}

func (m *messages) add(s string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, s)
}

// chosen is an instance and the device that "auto" takes of it.
func chosen(t *testing.T, onMessage func(string)) (*instance, vulkan.PhysicalDevice, DeviceInfo) {
	t.Helper()
	in, err := openInstance(onMessage)
	if err != nil {
		t.Fatal(err)
	}
	devs, infos, err := in.describe()
	if err != nil {
		t.Fatal(err)
	}
	i, err := choose(infos, "auto")
	if err != nil {
		t.Fatal(err)
	}
	return in, devs[i], infos[i]
}

var noLayers = flag.Bool("nolayers", false, "run without the validation layers")

// openTest opens the device of the tests under the validation layers. Any message
// of theirs, also of what Close finds, fails the test. There is no skipping:
// where there is no GPU, Mesa's CPU driver serves.
func openTest(t *testing.T, o Options) *Runtime {
	t.Helper()
	var m messages
	o.Validation, o.OnMessage = !*noLayers, m.add
	r, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		for _, s := range m.list {
			t.Errorf("validation: %s", s)
		}
	})
	return r
}

// width is the width of the model's vectors.
const width = 32

// model is a computation that is exact in float32: layers x = x + w·x with
// sparse weights of -1, 0 and 1, and a state that adds up the last x of all
// steps.
type model struct {
	weights [][]float32 // [layer][out·width + in]
	state   []float32
}

func newModel(layers int) *model {
	rng := rand.New(rand.NewPCG(1, uint64(layers)))
	c := &model{state: make([]float32, width)}
	for range layers + 1 {
		w := make([]float32, width*width)
		for o := range width {
			w[o*width+rng.IntN(width)] = float32(rng.IntN(2)*2 - 1)
		}
		c.weights = append(c.weights, w)
	}
	return c
}

// step computes one step: the last x, and the state behind it.
func (c *model) step(x []float32) (y, state []float32) {
	for l, w := range c.weights {
		y := make([]float32, width)
		for o := range y {
			y[o] = x[o]
			if l == len(c.weights)-1 {
				y[o] = c.state[o]
			}
			for i := range x {
				y[o] += w[o*width+i] * x[i]
			}
		}
		if l == len(c.weights)-1 {
			c.state = y
			break
		}
		x = y
	}
	return x, c.state
}

func weightName(l int) string { return fmt.Sprintf("blk.%d.w", l) }

// upload gives the weights but the last, which is the plan's own data.
func (c *model) upload() []Weight {
	var ws []Weight
	for l, w := range c.weights[:len(c.weights)-1] {
		ws = append(ws, Weight{Name: weightName(l), Data: floatBytes(w)})
	}
	return ws
}

// plan is the model with so many dispatches a segment. Activations take turns
// in two places of the arena.
func (c *model) plan(each int) *graph.Plan {
	p := &graph.Plan{Name: "test", Rows: 1, ArenaBytes: 2 * graph.Alignment}
	add := func(name string, role graph.Role, typ quant.Type, shape ...uint64) graph.TensorID {
		n, _ := graph.Shape(shape).Elements()
		p.Tensors = append(p.Tensors, graph.Tensor{Name: name, Role: role, Type: typ, Shape: shape, Bytes: 4 * n})
		return graph.TensorID(len(p.Tensors) - 1)
	}
	words := graph.StepLayout{Rows: 1}.Words()
	step := add("step", graph.Input, quant.U32, uint64(words))
	x := add("x", graph.Input, quant.F32, width, 1)
	state := add("state", graph.State, quant.F32, width, 1)
	last := len(c.weights) - 1
	var y graph.TensorID
	for l := range c.weights {
		w := add(weightName(l), graph.Weight, quant.F32, width, width)
		res := x
		switch l {
		case last:
			p.Tensors[w].Data = floatBytes(c.weights[l])
			res, y = state, state
		case last - 1:
			y = add("y", graph.Output, quant.F32, width, 1)
		default:
			y = add(fmt.Sprintf("x%d", l), graph.Activation, quant.F32, width, 1)
			p.Tensors[y].Offset = uint64(l%2) * graph.Alignment
		}
		kernel := graph.Kernel{Op: graph.OpLinear, Type: quant.F32}
		info, _ := shaders.Catalog().Lookup(kernel)
		tile := max(1, info.Tile[0])
		d := graph.Dispatch{Node: l, Kernel: kernel,
			Params: []uint32{width, width, graph.StepRows}, Work: [3]uint32{width, 1, 1}, Workgroups: [3]uint32{(width + tile - 1) / tile, 1, 1}, Barrier: true}
		for i, a := range []graph.TensorID{step, w, x, res, y} {
			d.Args = append(d.Args, graph.Arg{Tensor: a, Access: graph.OpLinear.Access(i)})
		}
		p.Dispatches = append(p.Dispatches, d)
		p.Nodes = append(p.Nodes, graph.PlanNode{Name: weightName(l), Kind: "product", Layer: l})
		x = y
	}
	p.Reads = []graph.TensorID{state, p.Find("y")}
	for first := 0; first < len(p.Dispatches); first += each {
		p.Segments = append(p.Segments, graph.Segment{Name: fmt.Sprint(first), First: first, Last: min(first+each, len(p.Dispatches))})
	}
	return p
}

// set writes a step's inputs.
func set(t *testing.T, p *Program, slot int, x []float32) {
	t.Helper()
	step, err := p.Input(slot, "step")
	if err != nil {
		t.Fatal(err)
	}
	words := make([]uint32, len(step)/4)
	graph.StepLayout{Rows: 1}.Fill(words, make([]graph.StepRow, 1), nil, nil)
	for i, w := range words {
		binary.LittleEndian.PutUint32(step[4*i:], w)
	}
	in, err := p.Input(slot, "x")
	if err != nil {
		t.Fatal(err)
	}
	copy(in, floatBytes(x))
}

// read reads a tensor of floats back.
func read(t *testing.T, p *Program, slot int, name string) []float32 {
	t.Helper()
	b, err := p.Read(slot, p.plan.Find(name))
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func floatBytes(f []float32) []byte {
	var out []byte
	for _, v := range f {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

// wantError fails unless err speaks of all parts.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, wanted one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not speak of %q", err, p)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q is longer than a line", err)
	}
}
