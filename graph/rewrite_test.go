package graph

import (
	"slices"
	"strings"
	"testing"

	"moeflow/gguf/quant"
)

// TestRules reads every rewrite: calls of the op table with as many arguments and
// parameters, and new ones whose names the match has, or are written as temporaries.
func TestRules(t *testing.T) {
	for _, r := range rules {
		if (r.rewrites == nil) == (r.program == nil) {
			t.Errorf("%s: wanted rewrites or a program", r.name)
		}
		for _, w := range r.rewrites {
			w.read(t, r.name)
		}
	}
}

// read reports what is wrong with a rewrite.
func (r *rewrite) read(t *testing.T, rule string) {
	t.Helper()
	from, to := r.patterns()
	if r.prepare != "" {
		to = append(patterns([]string{r.prepare}), to...)
	}
	tensors, params := map[string]bool{"-": true}, map[string]bool{}
	for i, p := range slices.Concat(from, to) {
		made := i >= len(from)
		if p.op == OpNone || len(p.args) != len(ops[p.op].args) || len(p.params) != len(ops[p.op].params) {
			t.Errorf("%s: %s(%v | %v) is no row of the op table", rule, p.part.op, p.args, p.params)
			continue
		}
		for k, name := range p.args {
			if made && !tensors[name] && p.op.Access(k)&Read != 0 {
				t.Errorf("%s: %s reads %s, which the match does not have", rule, p.op, name)
			}
			tensors[name] = true
		}
		for _, name := range p.params {
			if _, fixed := number(name); made && !fixed && !params[name] {
				t.Errorf("%s: %s has the parameter %s, which the match does not", rule, p.op, name)
			}
			params[name] = true
		}
		if made && (p.stays || slices.Contains(p.args, "_") || slices.Contains(p.params, "_")) {
			t.Errorf("%s: what becomes of a match has names alone, no _ and no !", rule)
		}
	}
	if r.half != "" && !tensors[r.half] {
		t.Errorf("%s: there is no %s", rule, r.half)
	}
}

// TestRewriteIsSafe: a norm goes into the product that reads it, unless anything else
// reads the norm, before or after, x is not what it was when the product runs, a kernel
// lacks, or the sizes differ; then nothing is left of the attempt.
func TestRewriteIsSafe(t *testing.T) {
	const fused, plain = "gather norm_linear", "gather rms_norm linear"
	for name, c := range map[string]struct {
		change func(u *unit, x, h TensorID) // puts something between, or changes a call
		lacks  Kernel
		want   string
	}{
		"alone":     {want: fused},
		"no kernel": {lacks: Kernel{Op: OpNormLinear, Type: quant.F16}, want: plain},
		"h is read after": {want: plain + " gather", change: func(u *unit, _, h TensorID) {
			u.calls = append(u.calls, gathers(u, h, "copy"))
		}},
		"h is read between": {want: "gather rms_norm gather linear", change: func(u *unit, _, h TensorID) {
			u.calls = slices.Insert(u.calls, 2, gathers(u, h, "copy"))
		}},
		"x is written between": {want: "gather rms_norm gather linear", change: func(u *unit, x, _ TensorID) {
			g := gathers(u, 0, "copy")
			g.Args[2].Tensor = x
			u.calls = slices.Insert(u.calls, 2, g)
		}},
		"x is written after": {want: fused + " gather", change: func(u *unit, x, _ TensorID) {
			g := gathers(u, 0, "copy")
			g.Args[2].Tensor = x
			u.calls = append(u.calls, g)
		}},
		"h is written and read after": {want: fused + " gather gather", change: func(u *unit, x, h TensorID) {
			g := gathers(u, x, "copy")
			g.Args[2].Tensor = h
			u.calls = append(u.calls, g, gathers(u, h, "again"))
		}},
		"of other rows":  {want: plain, change: func(u *unit, _, _ TensorID) { u.calls[1].Params[1] = StepOuts }},
		"of other width": {want: plain, change: func(u *unit, _, _ TensorID) { u.calls[1].Params[0] = 16 }},
		"with a residual": {want: plain, change: func(u *unit, x, _ TensorID) {
			u.calls[2].Args[3].Tensor = x
		}},
	} {
		u, x, h := normalized(t, c.lacks)
		if c.change != nil {
			c.change(u, x, h)
		}
		tensors := len(u.tensors)
		r := rewrite{into: []string{"norm_linear(step x norm w y | k n active eps)"}}
		u.calls = r.apply(u, u.calls)
		if got := opNames(u.calls); got != c.want || len(u.tensors) != tensors {
			t.Errorf("%s:\n got %s and %d tensors\nwant %s and %d", name, got, len(u.tensors), c.want, tensors)
		}
		if want := strings.Count(c.want, "norm_linear"); u.matches != want {
			t.Errorf("%s: %d matches, wanted %d", name, u.matches, want)
		}
	}
}

// normalized is a unit of three calls: x = gather, h = rms_norm(x), y = w·h.
func normalized(t *testing.T, lacks Kernel) (u *unit, x, h TensorID) {
	t.Helper()
	g := New("block", StepLayout{Rows: 2, Outs: 1, Pages: 1})
	w := g.Tensor(Tensor{Name: "w", Shape: Shape{32, 8}, Type: quant.F16, Role: Weight})
	norm := g.Tensor(Tensor{Name: "norm", Shape: Shape{32}, Type: quant.F32, Role: Weight})
	in := g.Tensor(Tensor{Name: "in", Shape: Shape{32, 2}, Type: quant.F32, Role: Input})
	g.Add(Node{Name: "node"})
	u = &unit{g: g, opts: Options{Kernels: everyKernel{map[Kernel]bool{lacks: true}}}, tensors: g.tensors, nodes: g.nodes}
	e := &Emitter{u: u}
	x, h = e.Temp("x", quant.F32, 32, 2), e.Temp("h", quant.F32, 32, 2)
	e.Call(OpGather, Args{e.Step(), in, x}, 32)
	e.Call(OpRMSNorm, Args{e.Step(), x, norm, h}, 32, StepRows, 1e-6)
	e.Call(OpLinear, Args{e.Step(), w, h, NoTensor, e.Temp("y", quant.F32, 8, 2)}, 32, 8, StepRows)
	if e.err != nil {
		t.Fatal(e.err)
	}
	return u, x, h
}

// gathers is a call that reads a tensor of two rows of 32 into a new one.
func gathers(u *unit, id TensorID, name string) Dispatch {
	e := &Emitter{u: u}
	d := Dispatch{Work: [3]uint32{32, 2, 1}, Rows: 2, Params: []uint32{32}}
	d.become(OpGather, e.Step(), id, e.Temp(name, quant.F32, 32, 2))
	return d
}
