package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"moeflow/gguf/quant"
)

// ahead is a block from attention's output on, with how it differs from one whose
// router can be taken out.
type ahead struct {
	in, a, o, norm, router, gate, up, down TensorID
	plainNorm, noResidual, counted         bool
	counts                                 TensorID
}

func (b ahead) Infer(s *Scope) error {
	return inferRows(s, b.in, b.a, b.o, b.norm, b.router, b.gate, b.up, b.down, b.counts)
}

func (b ahead) Lower(e *Emitter) {
	rows := e.Rows()
	x, n, logits := e.Temp("x", quant.F32, 32, rows), e.Temp("n", quant.F32, 32, rows), e.Temp("logits", quant.F32, 8, rows)
	x0, a := e.Temp("x0", quant.F32, 32, rows), e.Temp("a", quant.F32, 64, rows)
	ids, weights := e.Temp("ids", quant.U32, 2, rows), e.Temp("weights", quant.F32, 2, rows)
	e.Call(OpGather, Args{e.Step(), b.in, x0}, 32)
	e.Call(OpGather, Args{e.Step(), b.a, a}, 64)
	res, flag := x0, 1.0
	if b.noResidual {
		res = NoTensor
	}
	if b.plainNorm {
		flag = 0
	}
	e.Call(OpLinear, Args{e.Step(), b.o, a, res, x}, 64, 32, StepRows)
	e.Call(OpRMSNorm, Args{e.Step(), x, b.norm, n}, 32, StepRows, 1e-6)
	e.Call(OpLinear, Args{e.Step(), b.router, n, NoTensor, logits}, 32, 8, StepRows)
	e.Call(OpTopK, Args{e.Step(), logits, ids, weights}, 8, 2, flag, 2.5)
	if b.counted {
		e.Call(OpTopK, Args{e.Step(), logits, b.counts, e.Temp("other", quant.F32, 2, rows)}, 8, 2, 1, 1)
	}
	mixture{n, ids, weights, b.gate, b.up, b.down}.experts(e, x)
}

// beside is a catalog whose kernels wait by themselves, those of router_absorbed
// reporting aside and those of gate and up reading the logits early.
type beside struct{ everyKernel }

func (c beside) Lookup(k Kernel) (KernelInfo, bool) {
	info, ok := c.everyKernel.Lookup(k)
	info.Sync = true
	info.SignalsSide = k.Op == OpRouterAbsorbed
	switch k.Op {
	case OpTopKGateUp, OpTopKGateUpQ16:
		info.Early = []int{3}
	case OpTopKDown, OpTopKDownQ16:
		info.Early = []int{3, 5}
	}
	return info, ok
}

func aheadBlock(rows int, change func(*ahead)) *Graph {
	g, r := New("block", StepLayout{Rows: rows, Outs: 1, Pages: 1}), uint64(rows)
	in := func(name string, typ quant.Type, role Role, s ...uint64) TensorID {
		return g.Tensor(Tensor{Name: name, Shape: s, Type: typ, Role: role})
	}
	b := ahead{in: in("in", quant.F32, Input, 32, r), a: in("a", quant.F32, Input, 64, r), o: in("o", quant.Q8_0, Weight, 64, 32),
		norm: in("norm", quant.F32, Weight, 32), router: in("router", quant.F32, Weight, 32, 8), gate: in("gate", quant.F16, Weight, 32, 64, 8),
		up: in("up", quant.F16, Weight, 32, 64, 8), down: in("down", quant.BF16, Weight, 64, 32, 8), counts: in("counts", quant.U32, State, 2, r)}
	change(&b)
	g.Add(Node{Name: "block", Kind: "block", Out: []string{"y"}, Stage: b})
	return g
}

func names(ds []Dispatch) string {
	var out []string
	for i := range ds {
		out = append(out, ds[i].Kernel.String())
	}
	return strings.Join(out, " ")
}

// TestRouterAbsorbed: the router's product is folded with the output matrix's where
// nothing but the choice of experts reads it, the weights are renormalized, and
// there are kernels.
func TestRouterAbsorbed(t *testing.T) {
	const plain = "gather[F32] gather[F32] linear[Q8_0] norm_linear[F32] topk_gate_up_q16[F16] topk_down_q16[BF16]"
	for name, c := range map[string]struct {
		lacks  Kernel
		change func(*ahead)
		want   string
	}{
		"whole":     {Kernel{}, func(*ahead) {}, "gather[F32] gather[F32] linear[Q8_0] router_absorbed[F32] topk_gate_up_q16[F16] topk_down_q16[BF16]"},
		"no fold":   {Kernel{Op: OpAbsorbRouter, Type: quant.Q8_0}, func(*ahead) {}, plain},
		"no ahead":  {Kernel{Op: OpRouterAbsorbed, Type: quant.F32}, func(*ahead) {}, plain},
		"all p":     {Kernel{}, func(b *ahead) { b.plainNorm = true }, plain},
		"no res":    {Kernel{}, func(b *ahead) { b.noResidual = true }, plain},
		"one reads": {Kernel{}, func(b *ahead) { b.counted = true }, ""},
	} {
		p := compileWithout(t, aheadBlock(1, c.change), c.lacks)
		got := names(p.Dispatches)
		if got != c.want && c.want != "" || c.want == "" && strings.Contains(got, "router_absorbed") {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		folded := strings.Contains(got, "router_absorbed")
		if folded != (names(p.Prepare) == "absorb_router[Q8_0]") || !folded && (len(p.Prepare) > 0 || p.Find("router * o") != NoTensor) {
			t.Errorf("%s: prepared by %q", name, names(p.Prepare))
		}
	}
}

// TestRouterAbsorbedArguments: what the folded calls read, and that gate and up are
// told what the logits lack.
func TestRouterAbsorbedArguments(t *testing.T) {
	p, err := Compile(aheadBlock(1, func(*ahead) {}), Options{Kernels: everyKernel{}})
	if err != nil {
		t.Fatal(err)
	}
	read := func(d Dispatch) []string { return argNames(p.Tensors, &d, "block")[1:] }
	if got := read(p.Dispatches[3]); !slices.Equal(got, []string{"x0", "norm", "router", "a", "router * o", "unscaled"}) {
		t.Errorf("router_absorbed has %v", got)
	}
	if got := read(p.Prepare[0]); !slices.Equal(got, []string{"router", "norm", "o", "router * o"}) {
		t.Errorf("absorb_router has %v", got)
	}
	fold := p.Tensors[p.Find("router * o")]
	if fold.Role != Derived || !fold.Shape.Equal(Shape{64, 8}) || fold.Bytes != 4*64*8 || p.Prepare[0].Workgroups != [3]uint32{16, 8, 1} {
		t.Errorf("%s of %d bytes by %v workgroups", fold.String(), fold.Bytes, p.Prepare[0].Workgroups)
	}
	if p.Dispatches[3].Params[2] != 64 || p.Dispatches[4].Params[4] != RenormalizeAbsorbed || !slices.Equal(p.Prepare[0].Params, []uint32{64, 32, 8}) {
		t.Errorf("parameters %v, %v and %v", p.Dispatches[3].Params, p.Dispatches[4].Params, p.Prepare[0].Params)
	}
}

// countedAbsorbed is a block whose router need not wait for o, with counters for barriers.
func countedAbsorbed(t *testing.T, rows int, kernels Catalog) *unit {
	t.Helper()
	u, err := compile(aheadBlock(rows, func(*ahead) {}), Options{Kernels: kernels, Counters: true})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestSideSignals: gate and up wait for the reports aside of the router and not for o,
// which runs beside it; down, which reads what both write, waits for both. The
// check sees a wait that is too short, too long, or for the wrong counter.
func TestSideSignals(t *testing.T) {
	u := countedAbsorbed(t, 1, beside{})
	o, router, gate, down := u.calls[2], u.calls[3], u.calls[4], u.calls[5]
	if o.Wait != router.Wait || gate.Early != uint32(router.WorkgroupCount()) || !gate.EarlySide {
		t.Errorf("gate and up wait for %d reports, aside %v, wanted the router's %d", gate.Early, gate.EarlySide, router.WorkgroupCount())
	}
	if down.EarlySide || down.Early != gate.Wait {
		t.Errorf("down waits for %d reports, aside %v, wanted %d of all", down.Early, down.EarlySide, gate.Wait)
	}
	for _, c := range []struct {
		i, early int
		aside    bool
		want     string
	}{{4, int(gate.Early) - 1, true, "reads early"}, {4, int(gate.Early) + 1, true, "come before it"}, {4, int(gate.Early), false, "reads early"},
		{5, int(gate.Early), true, "reads early what dispatch 2"}} {
		u := countedAbsorbed(t, 1, beside{})
		u.calls[c.i].Early, u.calls[c.i].EarlySide = uint32(c.early), c.aside
		wantRefused(t, fmt.Sprintf("dispatch %d after %d reports, aside %v", c.i, c.early, c.aside), u, c.want)
	}
}
