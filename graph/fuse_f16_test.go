package graph

import (
	"strings"
	"testing"

	"moeflow/gguf/quant"
)

// block is a norm with a product that takes halves and one that does not, then
// attention and the product of its output.
type block struct{ x, norm, q, router, o, kc, vc TensorID }

func (b block) Infer(s *Scope) error {
	for _, id := range []TensorID{b.x, b.norm, b.q, b.router, b.o, b.kc, b.vc} {
		s.In(id)
	}
	s.Out(0, Activation, quant.F32, 64, s.Rows())
	s.Out(1, Activation, quant.F32, 8, s.Rows())
	return s.Err()
}

func (b block) Lower(e *Emitter) {
	rows := e.Rows()
	temp := func(name string) TensorID { return e.Temp(name, quant.F32, 64, rows) }
	copied, h, q, y := temp("copied"), temp("h"), temp("q"), temp("y")
	e.Call(OpGather, Args{e.Step(), b.x, copied}, 64)
	e.Call(OpRMSNorm, Args{e.Step(), copied, b.norm, h}, 64, StepRows, 1e-6)
	e.Call(OpLinear, Args{e.Step(), b.q, h, NoTensor, q}, 64, 64, StepRows)
	e.Call(OpLinear, Args{e.Step(), b.router, h, NoTensor, e.Out(1)}, 64, 8, StepRows)
	e.Call(OpAttention, Args{e.Step(), q, b.kc, b.vc, y}, 2, 2, 32, 64, 1)
	e.Call(OpLinear, Args{e.Step(), b.o, y, copied, e.Out(0)}, 64, 64, StepRows)
}

// halfKernels has kernels that take halves for some products, and maybe for
// attention.
type halfKernels struct{ attention bool }

func (c halfKernels) Lookup(k Kernel) (KernelInfo, bool) {
	info := KernelInfo{Local: 64}
	switch {
	case k.Op == OpRMSNormF16:
		info.F16 = []int{4}
	case k.Op == OpNormLinear:
		return info, false
	case k.Op == OpLinear && k.Type == quant.Q8_0, k.Op == OpAttention && c.attention:
		if info.Order = []string{"half", ""}; k.Variant == "half" {
			info.F16 = []int{map[Op]int{OpLinear: 2, OpAttention: 4}[k.Op]}
		}
	}
	return info, true
}

// TestHalvesGoWhereKernelsTakeThem: a norm writes both forms while anything
// reads floats, and attention's output changes its type only if both its kernel
// and its reader's have it so.
func TestHalvesGoWhereKernelsTakeThem(t *testing.T) {
	for _, c := range []struct {
		rows    int
		kernels halfKernels
		want    string
	}{
		{15, halfKernels{true}, "gather rms_norm linear(F32) linear(F32) attention linear(F32)"},
		{16, halfKernels{true}, "gather rms_norm_f16 linear(F16) linear(F32) attention linear(F16)"},
		{16, halfKernels{false}, "gather rms_norm_f16 linear(F16) linear(F32) attention linear(F32)"},
	} {
		g := New("block", StepLayout{Rows: c.rows, Outs: c.rows, Pages: 1})
		in := func(name string, typ quant.Type, role Role, s ...uint64) TensorID {
			return g.Tensor(Tensor{Name: name, Shape: s, Type: typ, Role: role})
		}
		g.Add(Node{Name: "block", Kind: "block", Layer: 0, Out: []string{"y", "logits"}, Stage: block{
			in("x", quant.F32, Input, 64, uint64(c.rows)), in("norm", quant.F32, Weight, 64), in("q", quant.Q8_0, Weight, 64, 64),
			in("router", quant.F32, Weight, 64, 8), in("o", quant.Q8_0, Weight, 64, 64), in("k", quant.F16, State, 64, 64), in("v", quant.F16, State, 64, 64)}})
		p, err := Compile(g, Options{Kernels: c.kernels})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range p.Dispatches {
			name := d.Kernel.Op.String()
			if d.Kernel.Op == OpLinear {
				name += "(" + p.Tensors[d.Args[2].Tensor].Type.String() + ")"
			}
			got = append(got, name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%d rows, %+v:\n got %v\nwant %s", c.rows, c.kernels, got, c.want)
		}
	}
}
