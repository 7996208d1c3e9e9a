package graph

import (
	"testing"

	"moeflow/gguf/quant"
)

// split is attention whose positions are shared out.
type split struct{ q, kc, vc, done TensorID }

func (s split) Infer(sc *Scope) error {
	for _, id := range []TensorID{s.q, s.kc, s.vc, s.done} {
		sc.In(id)
	}
	sc.Out(0, Activation, quant.F32, 64, sc.Rows())
	return sc.Err()
}

func (s split) Lower(e *Emitter) {
	rows := e.Rows()
	q, part := e.Temp("q", quant.F32, 64, rows), e.Temp("part", quant.F32, 34*2*AttentionSplits, rows)
	e.Call(OpGather, Args{e.Step(), s.q, q}, 64)
	e.Call(OpAttentionSplitKV, Args{e.Step(), q, s.kc, s.vc, part, s.done, e.Out(0)}, 2, 2, 32, 64, 1)
}

// fewRows has a kernel of attention for up to so many rows.
type fewRows uint32

func (c fewRows) Lookup(k Kernel) (KernelInfo, bool) {
	info := KernelInfo{Local: 64}
	if k.Op == OpAttentionSplitKV {
		info.Order = []string{"few", ""} // it gives way to attention
		return info, k.Variant == ""
	}
	if k.Op == OpAttention {
		if info.Order = []string{"few", ""}; k.Variant == "few" {
			info.Rows = [2]uint32{16, uint32(c)}
		}
	}
	return info, true
}

func TestAttentionOfFewRowsTogether(t *testing.T) {
	for _, c := range []struct {
		rows int
		most fewRows
		want Op
	}{{16, 128, OpAttention}, {32, 32, OpAttention}, {8, 128, OpAttentionSplitKV}, {33, 32, OpAttentionSplitKV}} {
		g := New("split", StepLayout{Rows: c.rows, Outs: 1, Pages: 2})
		tensor := func(name string, role Role, shape ...uint64) TensorID {
			return g.Tensor(Tensor{Name: name, Shape: shape, Type: quant.F32, Role: role})
		}
		g.Add(Node{Name: "split", Kind: "split", Out: []string{"y"}, Stage: split{tensor("x", Input, 64, uint64(c.rows)),
			tensor("k", State, 64, 128), tensor("v", State, 64, 128), tensor("done", State, 128)}})
		p, err := Compile(g, Options{Kernels: c.most})
		if err != nil {
			t.Fatal(err)
		}
		last := p.Dispatches[len(p.Dispatches)-1]
		if last.Kernel.Op != c.want {
			t.Errorf("%d rows, a kernel for up to %d: %s, wanted %s", c.rows, c.most, last.Kernel, c.want)
		}
		if c.want == OpAttention && (last.Kernel.Variant != "few" || last.Work != [3]uint32{2, uint32(c.rows), 1}) {
			t.Errorf("%s, work %v", last.Kernel, last.Work)
		}
	}
}
