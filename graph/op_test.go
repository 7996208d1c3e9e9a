package graph

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOpTable reads every row: names, one key, known access, addresses and
// parameters within the push constants that every device has.
func TestOpTable(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Ops() {
		info := ops[o]
		if info.name == "" || seen[info.name] {
			t.Errorf("op %d has no name of its own", o)
		}
		seen[info.name] = true
		keys := 0
		for i, a := range info.args {
			if a.name == "" || a.access == 0 {
				t.Errorf("%s: argument %d is malformed", o, i)
			}
			if a.key {
				keys++
			}
			for _, x := range a.axes {
				x.wellFormed(t, o)
			}
		}
		if keys != 1 || info.args[0].name != "step" {
			t.Errorf("%s: %d key arguments and first argument %s, wanted one key and step first", o, keys, info.args[0].name)
		}
		if push := 8*len(info.args) + 4*len(info.params); push > 128 {
			t.Errorf("%s: %d bytes of push constants", o, push)
		}
		if back, ok := ParseOp(o.String()); !ok || back != o {
			t.Errorf("%s does not parse back", o)
		}
		if len(o.ArgNames()) != len(info.args) || len(o.Params()) != len(info.params) {
			t.Errorf("%s: names and table differ", o)
		}
	}
}

// wellFormed wants the factors of a sum to be names or numbers, and no division by zero.
func (s sum) wellFormed(t *testing.T, o Op) {
	t.Helper()
	for _, p := range s {
		for _, f := range p.factors {
			if !factor.MatchString(f) || p.divisor == 0 {
				t.Errorf("%s: %q is neither a name nor a number, or what follows it divides by zero", o, f)
			}
		}
	}
}

var factor = regexp.MustCompile(`^([a-z_]+|[0-9]+)$`)

// TestCompositions reads what every fused operation is made of: operations of the
// table with as many arguments and parameters, each argument its own, absent where that
// may be, or a temporary one that is written first, each parameter one that its own
// follow to.
func TestCompositions(t *testing.T) {
	fused := 0
	for _, o := range Ops() {
		have := map[string]bool{}
		for _, a := range o.ArgNames() {
			have[a] = true
		}
		known := func(name string) (uint64, bool) { // whatever stands for a number
			for _, p := range o.Params() {
				if p.Name == name {
					return 1, true
				}
			}
			for _, a := range ops[o].args {
				for _, x := range a.axes {
					if len(x) == 1 && slices.Contains(x[0].factors, name) {
						return 1, true
					}
				}
			}
			return derived(name, func(string) (uint64, bool) { return 1, true })
		}
		if len(ops[o].parts) > 0 {
			fused++
		}
		for _, p := range ops[o].parts {
			in, ok := ParseOp(p.op)
			if !ok || len(p.args) != len(in.ArgNames()) || len(p.params) != len(in.Params()) {
				t.Errorf("%s is made of %s(%v | %v), which is no row of the table", o, p.op, p.args, p.params)
				continue
			}
			for i, name := range p.args {
				switch {
				case name == "-" && !in.Optional(i), name != "-" && !have[name] && in.Access(i)&Read != 0:
					t.Errorf("%s gives %s %q as %s, which is not there", o, in, name, in.ArgNames()[i])
				}
				have[name] = true
			}
			for _, text := range p.params {
				name := strings.TrimSuffix(strings.TrimPrefix(text, "rsqrt("), ")")
				if _, ok := parseSum(name).eval(known); !ok {
					t.Errorf("%s gives %s the parameter %s, which nothing tells", o, in, text)
				}
			}
		}
		if len(ops[o].axes) == 0 || len(ops[o].axes) > 3 {
			t.Errorf("%s: its work has %d axes", o, len(ops[o].axes))
		}
		ops[o].cost.wellFormed(t, o)
		for _, x := range ops[o].axes {
			if _, ok := x.eval(known); !ok {
				t.Errorf("%s: nothing tells its work %v", o, x)
			}
		}
	}
	if fused < 10 {
		t.Errorf("%d operations are made of others", fused)
	}
}

func TestStepFill(t *testing.T) {
	l := StepLayout{Rows: 2, Outs: 1, Pages: 4}
	words := make([]uint32, l.Words())
	n := l.Fill(words, []StepRow{{7, 100, 0, 3}, {FromSampled | 1, 101, 2, 1}}, []uint32{1}, []uint32{3, 1, 2})
	want := []uint32{2, 1, 16, 17, 0, 0, 0, 0, 7, 100, 0, 3, FromSampled | 1, 101, 2, 1, 1, 3, 1, 2, 0}
	if n != 20 || len(words) != len(want) {
		t.Fatalf("%d words in use of %d, wanted 20 of %d", n, len(words), len(want))
	}
	for i := range want {
		if words[i] != want[i] {
			t.Errorf("word %d is %d, wanted %d", i, words[i], want[i])
		}
	}
}

// TestSound: what a pass must not leave behind is found after any of them.
func TestSound(t *testing.T) {
	for want, spoil := range map[string]func(u *unit){
		"has 4 arguments and 3 parameters": func(u *unit) { u.calls[1].Args = u.calls[1].Args[:4] },
		"has 5 arguments and 2 parameters": func(u *unit) { u.calls[1].Params = u.calls[1].Params[:2] },
		"has tensor -1 as x":               func(u *unit) { u.calls[1].Args[2].Tensor = NoTensor },
		"has tensor 99 as w":               func(u *unit) { u.calls[1].Args[1].Tensor = 99 },
		"as y":                             func(u *unit) { u.calls[1].Args[4].Access = Read },
		"stands behind one of":             func(u *unit) { u.calls[0], u.calls[1] = u.calls[1], u.calls[0] },
	} {
		u, err := compile(chain(2, 1), Options{Kernels: everyKernel{}})
		if err != nil || u.sound() != nil {
			t.Fatal(err, u.sound())
		}
		if spoil(u); u.sound() == nil || !strings.Contains(u.sound().Error(), want) {
			t.Errorf("wanted %q, got %v", want, u.sound())
		}
	}
}
