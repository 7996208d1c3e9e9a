package graph

import (
	"testing"

	"moeflow/gguf/quant"
)

// waiting is a catalog whose kernels wait by themselves, but for those of one
// type.
type waiting struct{ not quant.Type }

func (c waiting) Lookup(k Kernel) (KernelInfo, bool) {
	return KernelInfo{Tile: [3]uint32{4, 1, 1}, Local: 32, Sync: k.Type != c.not}, true
}

// TestCounters: where all kernels can wait there is no barrier, and each
// dispatch waits for all workgroups before it; a kernel that cannot has a barrier
// on both sides.
func TestCounters(t *testing.T) {
	p, err := Compile(chain(5, 3), Options{Kernels: waiting{quant.BF16}, Counters: true})
	if err != nil {
		t.Fatal(err)
	}
	if p.Barriers() != 0 {
		t.Errorf("%d barriers, wanted none", p.Barriers())
	}
	for i, d := range p.Dispatches {
		if !d.Signals || d.Wait != uint32(i)*8*3 { // 32 outputs in tiles of 4, 3 rows
			t.Errorf("dispatch %d: signals %v, waits for %d", i, d.Signals, d.Wait)
		}
	}
	g := chain(5, 3)
	for i := range g.tensors {
		if g.tensors[i].Name == "blk.2.w" {
			g.tensors[i].Type = quant.F32
		}
	}
	p, err = Compile(g, Options{Kernels: waiting{quant.F32}, Counters: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		barrier, signals bool
		wait             uint32
	}{{false, true, 0}, {false, true, 24}, {true, false, 0}, {true, true, 0}, {false, true, 72}} {
		d := p.Dispatches[i]
		if d.Barrier != want.barrier || d.Signals != want.signals || d.Wait != want.wait {
			t.Errorf("dispatch %d: barrier %v, signals %v, waits for %d; wanted %+v", i, d.Barrier, d.Signals, d.Wait, want)
		}
	}
	if p, err = Compile(chain(5, 3), Options{Kernels: waiting{quant.BF16}}); err != nil {
		t.Fatal(err)
	}
	for i, d := range p.Dispatches {
		if d.Signals || d.Wait != 0 || d.Barrier != (i > 0) {
			t.Errorf("without counters: dispatch %d: barrier %v, signals %v, waits for %d", i, d.Barrier, d.Signals, d.Wait)
		}
	}
}

// TestCountersChecked: check sees a wait that is too short, and one for what
// never comes.
func TestCountersChecked(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func([]Dispatch)
		want  string
	}{
		"short":   {func(d []Dispatch) { d[2].Wait-- }, "conflict"},
		"long":    {func(d []Dispatch) { d[2].Wait++ }, "waits for 49 reports, 48 come"},
		"silent":  {func(d []Dispatch) { d[1].Signals = false }, "waits for"},
		"missing": {func(d []Dispatch) { d[2].Wait, d[2].Signals = 0, false }, "conflict"},
	} {
		u := &unit{g: chain(4, 3), opts: Options{Kernels: waiting{quant.BF16}, Granularity: PerDevice, MaxPush: 128, Counters: true}}
		u.tensors, u.nodes = append([]Tensor(nil), u.g.tensors...), append([]node(nil), u.g.nodes...)
		for i := range u.nodes {
			u.nodes[i].ins = nil
		}
		for _, p := range passes[:len(passes)-1] {
			if err := p.run(u); err != nil {
				t.Fatal(err)
			}
		}
		if err := check(u); err != nil {
			t.Fatalf("%s: before: %v", name, err)
		}
		c.spoil(u.calls)
		wantRefused(t, name, u, c.want)
	}
}

// normed is a stage y = w·rms_norm(x), and, with too, a second output that is
// the normalized row itself.
type normed struct {
	x, norm, w TensorID
	res        bool
}

func (p normed) Infer(s *Scope) error {
	s.In(p.x)
	s.In(p.norm)
	w := s.In(p.w)
	s.Out(0, Activation, quant.F32, w.Shape[1], s.Rows())
	return nil
}

func (p normed) Lower(e *Emitter) {
	w, n := e.Tensor(p.w).Shape, e.Tensor(p.x).Shape[0]
	h := e.Temp("h", quant.F32, n, e.Rows())
	e.Call(OpRMSNorm, Args{e.Step(), p.x, p.norm, h}, float64(n), StepRows, 1e-6)
	res := NoTensor
	if p.res {
		res = h
	}
	e.Call(OpLinear, Args{e.Step(), p.w, h, res, e.Out(0)}, float64(w[0]), float64(w[1]), StepRows)
}

// TestFuseNorm: the norm goes into the product unless something else reads it or
// no kernel serves the pair.
func TestFuseNorm(t *testing.T) {
	for name, c := range map[string]struct {
		res   bool
		lacks map[Kernel]bool
		want  string
	}{
		"fused":     {want: "linear norm_linear"},
		"residual":  {res: true, want: "linear rms_norm linear"},
		"no kernel": {lacks: map[Kernel]bool{{Op: OpNormLinear, Type: quant.F16}: true}, want: "linear rms_norm linear"},
	} {
		g := chain(1, 2)
		x := g.nodes[0].outs[0]
		norm := g.Tensor(Tensor{Name: "norm", Shape: Shape{32}, Type: quant.F32, Role: Weight})
		w := g.Tensor(Tensor{Name: "w", Shape: Shape{32, 32}, Type: quant.F16, Role: Weight})
		g.Add(Node{Name: "normed", Kind: "normed", Layer: 1, Stage: normed{x, norm, w, c.res}, Out: []string{"y"}})
		p, err := Compile(g, Options{Kernels: everyKernel{c.lacks}})
		if err != nil {
			t.Fatal(err)
		}
		if got := opNames(p.Dispatches); got != c.want {
			t.Errorf("%s: %s, wanted %s", name, got, c.want)
		}
	}
}
