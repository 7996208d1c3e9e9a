package shaders_test

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/ref"
)

// eps is the relative error of one float32 rounding.
const eps = 1.0 / (1 << 24)

// testCase is one dispatch.
type testCase struct {
	name   string
	kernel graph.Kernel
	// partOf is the kernel that the case is an operation of, if not its own.
	partOf *graph.Kernel
	args   []tensor // in the op's order, the step first
	params []uint32
	work   [3]uint32
	// bound gives, for each element of an output, how far a right kernel may
	// be from the reference; absent means that the bits must agree.
	bound map[string]func(want []float64) ([]float64, error)
	// stands gives the numbers that an output of words stands for, NaN where
	// nothing was written; absent means that the words are compared.
	stands map[string]func(words []byte) []float64
}

// plan is the case as a plan of one dispatch.
func (c *testCase) plan(tile [3]uint32) *graph.Plan {
	op := c.kernel.Op
	p := &graph.Plan{Name: c.name, Rows: 1, Nodes: []graph.PlanNode{{Name: "node", Kind: "test", Layer: -1}},
		Segments: []graph.Segment{{Name: "all", Nodes: []int{0}, First: 0, Last: 1}}}
	d := graph.Dispatch{Kernel: c.kernel, Params: c.params, Work: c.work, Workgroups: [3]uint32{1, 1, 1}}
	for i, t := range tile {
		if t > 0 {
			d.Workgroups[i] = (c.work[i] + t - 1) / t
		}
	}
	for i, a := range c.args {
		id := graph.NoTensor
		if a.name != "" {
			id = graph.TensorID(len(p.Tensors))
			t := graph.Tensor{Name: a.name, Shape: a.shape, Type: a.typ, Role: graph.State}
			if i == 0 {
				t.Role = graph.Input
			}
			t.Bytes = uint64(len(a.data))
			p.Tensors = append(p.Tensors, t)
			if i > 0 {
				p.Reads = append(p.Reads, id)
			}
		}
		d.Args = append(d.Args, graph.Arg{Tensor: id, Access: op.Access(i)})
	}
	p.Dispatches = []graph.Dispatch{d}
	return p
}

// reference runs the case in float64. Its tensors but the cache are activations
// there, so that nothing is rounded.
func (c *testCase) reference() (*ref.Run, *graph.Plan, error) {
	p := c.plan([3]uint32{})
	inputs := map[string][]byte{}
	for i := range p.Tensors {
		t := &p.Tensors[i]
		switch {
		case t.Name == "k_cache" || t.Name == "v_cache" || t.Role == graph.Input:
		case t.Type == quant.F32 || t.Type == quant.U32 || t.Type == quant.F16 && activations[t.Name]:
			t.Role = graph.Activation
		default:
			t.Role = graph.Weight
		}
	}
	for _, a := range c.args {
		inputs[a.name] = append([]byte(nil), a.data...)
	}
	r, err := ref.New(p, inputs)
	if err != nil {
		return nil, nil, err
	}
	return r, p, r.Run(0, 1)
}

// activations are the names of arguments that may be halves without being
// weights.
var activations = map[string]bool{"x": true, "y": true, "h": true, "half": true}

// magnitude runs the case on magnitudes and gives an output: the sum of the
// absolute values of all that is added up in each element.
func (c *testCase) magnitude(output string) ([]float64, error) {
	m := *c
	m.args = nil
	for i, a := range c.args {
		switch {
		case i == 0 || a.name == output:
			m.args = append(m.args, a)
		case c.kernel.Op.KeyArg() == i || a.name == "up":
			m.args = append(m.args, absolute(a, 0.25))
		default:
			m.args = append(m.args, absolute(a, 0))
		}
	}
	r, p, err := m.reference()
	if err != nil {
		return nil, err
	}
	return r.Floats(p.Find(output))
}

// sums bounds an output whose elements are sums of k products.
func (c *testCase) sums(output string, k int) func([]float64) ([]float64, error) {
	return func([]float64) ([]float64, error) {
		mag, err := c.magnitude(output)
		for i := range mag {
			mag[i] *= (10 + math.Sqrt(float64(k))) * eps
		}
		return mag, err
	}
}

// relative bounds an output by a share of each element's own size.
func relative(share float64) func([]float64) ([]float64, error) {
	return func(want []float64) ([]float64, error) {
		tol := make([]float64, len(want))
		for i, w := range want {
			tol[i] = share * math.Abs(w)
		}
		return tol, nil
	}
}

// verify compares what the device left in a tensor with the reference. Where
// the reference wrote nothing the device must not have either.
func (c *testCase) verify(t *testing.T, a tensor, got []byte, r *ref.Run, p *graph.Plan) {
	t.Helper()
	id := p.Find(a.name)
	want := r.Bytes(id)
	if len(got) != len(want) {
		t.Fatalf("%s: %d bytes, wanted %d", a.name, len(got), len(want))
	}
	bound := c.bound[a.name]
	stands := c.stands[a.name]
	if bound == nil || a.typ == quant.U32 && stands == nil {
		exact(t, c.name+": "+a.name, got, want)
		return
	}
	w, err := r.Floats(id)
	if err != nil {
		t.Fatal(err)
	}
	if stands != nil {
		w = stands(want)
	}
	tol, err := bound(w)
	if err != nil {
		t.Fatal(err)
	}
	g := make([]float32, len(w))
	if stands != nil {
		for i, v := range stands(got) {
			g[i] = float32(v)
		}
	} else if err := a.typ.Decode(g, got); err != nil {
		t.Fatal(err)
	}
	// Vulkan lets a device flush denormal inputs to zero, so a sum of their
	// products may be lost; all that the cases mean to see is far above.
	const flushed = 1e-33
	bad := 0
	for i := range g {
		ok := math.Abs(float64(g[i])-w[i]) <= tol[i]+flushed
		if math.IsNaN(w[i]) && a.typ == quant.F32 {
			ok = math.Float32bits(g[i]) == unwritten
		}
		if math.IsNaN(w[i]) && stands != nil {
			ok = math.IsNaN(float64(g[i]))
		}
		if math.IsNaN(w[i]) && activations[a.name] && a.typ == quant.F16 {
			ok = bytes.Equal(got[2*i:2*i+2], a.data[2*i:2*i+2])
		}
		if math.IsNaN(w[i]) && strings.HasSuffix(a.name, "_cache") { // places that no row owns
			ok = math.IsNaN(float64(g[i]))
		}
		if bad++; ok {
			bad--
		} else if bad <= 3 {
			t.Errorf("%s: %s[%d] of %s is %v, wanted %v ± %.2g", c.name, a.name, i, a.shape, g[i], w[i], tol[i])
		}
	}
	if bad > 3 {
		t.Errorf("%s: %s: %d of %d elements are wrong", c.name, a.name, bad, len(g))
	}
}

func exact(t *testing.T, name string, got, want []byte) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: byte %d of %d is %#02x, wanted %#02x", name, i, len(want), got[i], want[i])
			return
		}
	}
}

// step is a step of active rows at the given positions, each row a sequence of
// its own with shuffled pages, and every third row an output. It also gives the number of pages of the cache.
func (s source) step(active, bucket int, positions []int, pageSize int, tokens []uint32) (tensor, int) {
	var list []graph.StepRow
	var outs, pages []uint32
	total := 0
	for r := range active {
		row := graph.StepRow{Pages: uint32(total), Slot: uint32(active - 1 - r)}
		if positions != nil {
			row.Position = uint32(positions[r])
			total += positions[r]/pageSize + 1
		}
		if tokens != nil {
			row.Token = tokens[r]
		}
		list = append(list, row)
		if r%3 == 0 {
			outs = append(outs, uint32(active-1-r))
		}
	}
	// A long sequence has its far pages share few places, to spare memory: no
	// case reads it whole.
	places := total + 2
	if total > 160 || total*pageSize > 1<<17 {
		places = 3
	}
	for _, i := range s.Perm(total + 2)[:total] {
		pages = append(pages, uint32(i%places))
	}
	l := graph.StepLayout{Rows: bucket, Outs: bucket, Pages: max(total, 1)}
	words := make([]uint32, l.Words())
	l.Fill(words, list, outs, pages)
	return tensor{"step", quant.U32, graph.Shape{uint64(len(words))}, u32Bytes(words)}, places
}

func caseName(k graph.Kernel, format string, args ...any) string {
	return k.String() + "/" + fmt.Sprintf(format, args...)
}
