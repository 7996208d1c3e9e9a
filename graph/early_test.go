package graph

import (
	"testing"

	"moeflow/gguf/quant"
)

// added is a stage y = w·x + res.
type added struct{ x, w, res TensorID }

func (p added) Infer(s *Scope) error {
	s.In(p.x)
	s.In(p.res)
	s.Out(0, Activation, quant.F32, s.In(p.w).Shape[1], s.Rows())
	return s.Err()
}

func (p added) Lower(e *Emitter) {
	w := e.Tensor(p.w).Shape
	e.Call(OpLinear, Args{e.Step(), p.w, p.x, p.res, e.Out(0)}, float64(w[0]), float64(w[1]), StepRows)
}

// eager is a catalog whose kernels wait by themselves and read the residual
// early.
type eager struct{ waiting }

func (c eager) Lookup(k Kernel) (KernelInfo, bool) {
	info, ok := c.waiting.Lookup(k)
	info.Early = []int{3}
	return info, ok
}

// residuals is a chain of products each of which adds what came before the
// product before it.
func residuals(n int) *Graph {
	g := chain(2, 3)
	y := []TensorID{g.nodes[0].outs[0], g.nodes[1].outs[0]}
	for range n {
		w := g.Tensor(Tensor{Name: "more" + string(rune('a'+len(y))), Shape: Shape{32, 32}, Type: quant.F16, Role: Weight})
		y = append(y, g.Add(Node{Name: "sum" + string(rune('a'+len(y))), Kind: "added", Layer: len(y),
			Stage: added{y[len(y)-1], w, y[len(y)-2]}, Out: []string{"y"}})[0])
	}
	return g
}

// TestEarly: what a kernel reads early it waits for no longer than until it is
// written, without a barrier in between; after one there is nothing to wait for.
func TestEarly(t *testing.T) {
	p, err := Compile(residuals(3), Options{Kernels: eager{waiting{quant.BF16}}, Counters: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range p.Dispatches {
		want := uint32(0)
		if i >= 2 {
			want = uint32(i-1) * 24
		}
		if d.Early != want || d.Wait != uint32(i)*24 {
			t.Errorf("dispatch %d waits for %d, then for %d reports, wanted %d and %d", i, d.Early, d.Wait, want, i*24)
		}
	}
	p, err = Compile(residuals(3), Options{Kernels: eager{waiting{quant.BF16}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range p.Dispatches {
		if d.Early != 0 || d.Wait != 0 {
			t.Errorf("without counters dispatch %d waits for %d, then for %d reports", i, d.Early, d.Wait)
		}
	}
}

// TestEarlyChecked: check sees an early wait that is too short, and one that is
// longer than the wait that follows.
func TestEarlyChecked(t *testing.T) {
	for name, c := range map[string]struct {
		early uint32
		want  string
	}{"short": {47, "reads early what dispatch 1 (linear[F16]) writes, after 47 reports of 48"}, "none": {0, "reads early"}, "long": {73, "73 reports at first, for 72 then"}} {
		u, err := compile(residuals(3), Options{Kernels: eager{waiting{quant.BF16}}, Counters: true})
		if err != nil {
			t.Fatal(err)
		}
		u.calls[3].Early = c.early
		wantRefused(t, name, u, c.want)
	}
}
