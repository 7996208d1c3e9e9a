package graph

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"moeflow/gguf/quant"
)

// everyKernel has a kernel for all keys but those in lacks.
type everyKernel struct{ lacks map[Kernel]bool }

func (c everyKernel) Lookup(k Kernel) (KernelInfo, bool) {
	return KernelInfo{Tile: [3]uint32{4, 1, 1}, Local: 32}, !c.lacks[k]
}

// product is a stage y = w·x.
type product struct{ x, w TensorID }

func (p product) Infer(s *Scope) error {
	x, w := s.In(p.x), s.In(p.w)
	s.Want(p.w, x.Shape[0], w.Shape[1])
	s.Out(0, Activation, quant.F32, w.Shape[1], s.Rows())
	return nil
}

func (p product) Lower(e *Emitter) {
	w := e.Tensor(p.w).Shape
	e.Call(OpLinear, Args{e.Step(), p.w, p.x, NoTensor, e.Out(0)}, float64(w[0]), float64(w[1]), 0)
}

// experts is a stage of gate, up and swiglu.
type experts struct{ x, ids, gate, up TensorID }

func (p experts) Infer(s *Scope) error {
	for _, id := range []TensorID{p.x, p.ids, p.gate, p.up} {
		s.In(id)
	}
	s.Out(0, Activation, quant.F32, 64, 2, s.Rows())
	return nil
}

func (p experts) Lower(e *Emitter) {
	g, u := e.Temp("g", quant.F32, 64, 2, e.Rows()), e.Temp("u", quant.F32, 64, 2, e.Rows())
	for _, a := range [][2]TensorID{{p.gate, g}, {p.up, u}} {
		e.Call(OpExpertLinear, Args{e.Step(), a[0], p.x, p.ids, a[1]}, 32, 64, 2)
	}
	e.Call(OpSwiGLU, Args{e.Step(), g, u, e.Out(0)}, 128)
}

func layout(rows int) StepLayout { return StepLayout{Rows: rows, Outs: 1, Pages: 4} }

// chain is a graph of n products, one a layer.
func chain(n, rows int) *Graph {
	g := New("chain", layout(rows))
	x := g.Tensor(Tensor{Name: "x", Shape: Shape{32, uint64(rows)}, Type: quant.F32, Role: Input})
	for i := range n {
		w := g.Tensor(Tensor{Name: fmt.Sprintf("blk.%d.w", i), Shape: Shape{32, 32}, Type: quant.F16, Role: Weight})
		x = g.Add(Node{Name: fmt.Sprintf("blk.%d.product", i), Kind: "product", Layer: i, Stage: product{x, w}, Out: []string{"y"}})[0]
	}
	return g
}

func TestChainReusesMemoryAndHasABarrierEach(t *testing.T) {
	p, err := Compile(chain(10, 3), Options{Kernels: everyKernel{}})
	if err != nil {
		t.Fatal(err)
	}
	if want := uint64(2 * aligned(32*3*4)); p.ArenaBytes != want {
		t.Errorf("the arena has %d bytes, wanted two buffers: %d", p.ArenaBytes, want)
	}
	if p.Barriers() != 9 {
		t.Errorf("%d barriers, wanted 9", p.Barriers())
	}
	for _, d := range p.Dispatches {
		if d.Kernel != (Kernel{Op: OpLinear, Type: quant.F16}) || d.Workgroups != [3]uint32{8, 3, 1} {
			t.Errorf("dispatch %s with groups %v, wanted linear[F16] with [8 3 1]", d.Kernel, d.Workgroups)
		}
	}
}

func TestGranularityCutsSegments(t *testing.T) {
	for g, want := range map[Granularity]int{PerStage: 10, PerLayer: 10, PerDevice: 1} {
		p, err := Compile(chain(10, 1), Options{Kernels: everyKernel{}, Granularity: g})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Segments) != want {
			t.Errorf("%s: %d segments, wanted %d", g, len(p.Segments), want)
		}
		if g != PerDevice && p.Barriers() != 0 {
			t.Errorf("%s: a segment of one dispatch has a barrier inside", g)
		}
	}
}

func expertGraph(gate, up quant.Type) *Graph {
	g := New("experts", layout(2))
	in := func(name string, typ quant.Type, role Role, s ...uint64) TensorID {
		return g.Tensor(Tensor{Name: name, Shape: s, Type: typ, Role: role})
	}
	st := experts{in("x", quant.F32, Input, 32, 2), in("ids", quant.U32, Input, 2, 2),
		in("gate", gate, Weight, 32, 64, 8), in("up", up, Weight, 32, 64, 8)}
	g.Add(Node{Name: "experts", Kind: "experts", Layer: 0, Stage: st, Out: []string{"y"}})
	return g
}

func TestFusionFollowsTheEdgeTypes(t *testing.T) {
	lacks := map[Kernel]bool{{Op: OpExpertGateUp, Type: quant.F16}: true}
	for _, c := range []struct {
		gate, up quant.Type
		want     string
	}{
		{quant.Q8_0, quant.Q8_0, "expert_gate_up[Q8_0]"},
		{quant.Q8_0, quant.F16, "expert_linear[Q8_0] expert_linear[F16] swiglu[F32]"},
		{quant.F16, quant.F16, "expert_linear[F16] expert_linear[F16] swiglu[F32]"},
	} {
		p, err := Compile(expertGraph(c.gate, c.up), Options{Kernels: everyKernel{lacks}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range p.Dispatches {
			got = append(got, d.Kernel.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("gate %s, up %s: %v, wanted %s", c.gate, c.up, got, c.want)
		}
	}
	p, err := Compile(expertGraph(quant.Q8_0, quant.Q8_0), Options{Kernels: everyKernel{}, NoFuse: true})
	if err != nil || len(p.Dispatches) != 3 || p.Dispatches[1].Barrier || !p.Dispatches[2].Barrier {
		t.Errorf("without fusion: %v, %v; wanted gate and up together, then a barrier", p.Dispatches, err)
	}
}

func TestMissingKernelsAreReportedTogether(t *testing.T) {
	lacks := map[Kernel]bool{{Op: OpExpertLinear, Type: quant.F16}: true, {Op: OpExpertLinear, Type: quant.BF16}: true}
	_, err := Compile(expertGraph(quant.F16, quant.BF16), Options{Kernels: everyKernel{lacks}})
	if err == nil || !strings.Contains(err.Error(), "expert_linear[BF16] (for up), expert_linear[F16] (for gate)") {
		t.Errorf("got %v", err)
	}
}

func TestWrongShapesNameTheTensor(t *testing.T) {
	g := chain(2, 1)
	g.tensors[len(g.tensors)-2].Shape = Shape{31, 32}
	_, err := Compile(g, Options{Kernels: everyKernel{}})
	if err == nil || !strings.Contains(err.Error(), "blk.1.w has shape {31, 32}, wanted {32, 32}") {
		t.Errorf("got %v", err)
	}
}

// TestCallChecksSizes: a call whose arguments have not the sizes that its op's row
// gives them is an error that names the argument.
func TestCallChecksSizes(t *testing.T) {
	g := chain(1, 1)
	u := &unit{g: g, tensors: g.tensors, nodes: g.nodes}
	e := &Emitter{u: u}
	x, w, y := e.Temp("x", quant.F32, 32, 2), e.Temp("w", quant.F32, 32, 8), e.Temp("y", quant.F32, 8, 3)
	if e.Call(OpLinear, Args{e.Step(), w, x, NoTensor, y}, 32, 8, StepRows); e.err == nil || e.err.Error() != "linear: argument y has 24 elements, wanted 16" {
		t.Errorf("an output of three rows: %v", e.err)
	}
	e = &Emitter{u: u}
	if e.Call(OpLinear, Args{e.Step(), w, x, NoTensor, y}, 24, 8, StepRows); e.err == nil || e.err.Error() != "linear: argument w has 256 elements, wanted 192" {
		t.Errorf("a matrix of other rows: %v", e.err)
	}
}

// mixer reads random earlier edges, so that lifetimes take every form.
type mixer struct {
	in []TensorID
	n  uint64
}

func (m mixer) Infer(s *Scope) error {
	for _, id := range m.in {
		s.In(id)
	}
	s.Out(0, Activation, quant.F32, m.n, 1)
	return nil
}

func (m mixer) Lower(e *Emitter) {
	for i, id := range m.in {
		out := e.Out(0)
		if i < len(m.in)-1 {
			out = e.Temp(fmt.Sprint("t", i), quant.F32, m.n, 1)
		}
		d := Dispatch{Node: e.node, Work: [3]uint32{uint32(m.n), 1, 1}, Rows: 1, Params: []uint32{uint32(m.n)}}
		d.become(OpSwiGLU, e.Step(), id, id, out) // of edges of other sizes, which Call would refuse
		e.u.calls = append(e.u.calls, d)
	}
}

// TestRandomGraphsKeepTheirValues compiles random graphs at every granularity;
// the check pass replays the arena and fails on any value overwritten too soon
// or conflict left open.
func TestRandomGraphsKeepTheirValues(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 300 {
		g := New("random", layout(1))
		edges := []TensorID{g.Tensor(Tensor{Name: "x", Shape: Shape{8, 1}, Type: quant.F32, Role: Input})}
		for i := range 2 + r.IntN(20) {
			m := mixer{n: 1 + r.Uint64N(300)}
			for range 1 + r.IntN(3) {
				m.in = append(m.in, edges[r.IntN(len(edges))])
			}
			edges = append(edges, g.Add(Node{Name: fmt.Sprint("s", i), Kind: "mixer", Layer: i / 3, Stage: m, Out: []string{"y"}})[0])
		}
		for _, gran := range []Granularity{PerStage, PerLayer, PerDevice} {
			if _, err := Compile(g, Options{Kernels: everyKernel{}, Granularity: gran}); err != nil {
				t.Fatalf("graph %d, %s: %v", trial, gran, err)
			}
		}
	}
}

func TestCheckCatchesBrokenPlans(t *testing.T) {
	build := func() *unit {
		u := &unit{g: chain(4, 1), opts: Options{Kernels: everyKernel{}, Granularity: PerDevice, MaxPush: 128}}
		u.tensors, u.nodes = append([]Tensor(nil), u.g.tensors...), append([]node(nil), u.g.nodes...)
		for _, p := range passes {
			if err := p.run(u); err != nil {
				t.Fatal(err)
			}
		}
		return u
	}
	for name, spoil := range map[string]func(*unit){
		"conflict without a barrier": func(u *unit) { u.calls[1].Barrier = false },
		"overwrote": func(u *unit) {
			for i := range u.tensors {
				u.tensors[i].Offset = 0
			}
			u.calls[2].Args[2] = u.calls[1].Args[2]
		},
		"segments cover": func(u *unit) { u.segs[0].Last-- },
		"read-only":      func(u *unit) { u.calls[3].Args[4] = u.calls[3].Args[1]; u.calls[3].Args[4].Access = Write },
	} {
		u := build()
		if spoil(u); check(u) == nil || !strings.Contains(check(u).Error(), name) {
			t.Errorf("%s: check said %v", name, check(u))
		}
	}
}

// bounded is everyKernel with a bound on the workgroups.
type bounded struct{}

func (bounded) Lookup(Kernel) (KernelInfo, bool) {
	return KernelInfo{Tile: [3]uint32{2, 1, 1}, MaxWorkgroups: 5, Local: 32}, true
}

func TestWorkgroupsAreBoundedWhereKernelsWalkOn(t *testing.T) {
	p, err := Compile(chain(1, 1), Options{Kernels: bounded{}})
	if err != nil || p.Dispatches[0].Workgroups != [3]uint32{5, 1, 1} {
		t.Errorf("got %v, %v; wanted 5 of 16 workgroups", p.Dispatches[0].Workgroups, err)
	}
}

// variants is a catalog where the product has three kernels.
type variants struct{ plainRows [2]uint32 }

func (c variants) Lookup(k Kernel) (KernelInfo, bool) {
	switch k.Variant {
	case "many":
		return KernelInfo{Tile: [3]uint32{2, 1, 1}, Rows: [2]uint32{16, 0}}, true
	case "wide":
		return KernelInfo{Tile: [3]uint32{4, 1, 1}, Requires: []Condition{{Param: 0, Multiple: 8}, {Param: 1, Most: 32}}}, true
	}
	return KernelInfo{Tile: [3]uint32{1, 1, 1}, Rows: c.plainRows, Order: []string{"many", "wide", ""}}, true
}

// TestVariants checks that lowering takes the first kernel whose rows and
// demands fit, and the plain one otherwise.
func TestVariants(t *testing.T) {
	for _, c := range []struct {
		rows      int
		k, n      uint64
		want      string
		plainRows [2]uint32
	}{{16, 3, 3, "many", [2]uint32{}}, {15, 8, 32, "wide", [2]uint32{}}, {15, 8, 33, "", [2]uint32{}}, {1, 12, 32, "", [2]uint32{}}, {1, 12, 32, "none", [2]uint32{2, 2}}} {
		g := New("one", StepLayout{Rows: c.rows, Outs: 1, Pages: 1})
		w := g.Tensor(Tensor{Name: "w", Shape: Shape{c.k, c.n}, Type: quant.F32, Role: Weight})
		x := g.Tensor(Tensor{Name: "x", Shape: Shape{c.k, uint64(c.rows)}, Type: quant.F32, Role: State})
		g.Add(Node{Name: "product", Kind: "product", Stage: product{x, w}, Out: []string{"y"}})
		p, err := Compile(g, Options{Kernels: variants{c.plainRows}})
		if c.want == "none" {
			if err == nil || !strings.Contains(err.Error(), "no kernel for linear[F32]") {
				t.Errorf("rows nothing serves: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Dispatches[0].Kernel.Variant; got != c.want {
			t.Errorf("%d rows of %d to %d: variant %q, wanted %q", c.rows, c.k, c.n, got, c.want)
		}
	}
}
