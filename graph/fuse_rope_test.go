package graph

import (
	"math"
	"slices"
	"testing"

	"moeflow/gguf/quant"
)

// turned is rope and attention as a stage emits them: two heads of one kv head each,
// of 32 elements.
type turned struct {
	x, kc, vc, parts, freqs TensorID
	scale                   float64
	readAfter               bool // something else reads the rotated queries
}

func (s turned) Infer(sc *Scope) error {
	for _, id := range []TensorID{s.x, s.kc, s.vc, s.parts, s.freqs} {
		sc.In(id)
	}
	sc.Out(0, Activation, quant.F32, 64, sc.Rows())
	return sc.Err()
}

func (s turned) Lower(e *Emitter) {
	rows := e.Rows()
	temp := func(name string) TensorID {
		id := e.Temp(name, quant.F32, 64, rows)
		e.Call(OpGather, Args{e.Step(), s.x, id}, 64)
		return id
	}
	q, k, v, y := temp("q"), temp("k"), temp("v"), e.Temp("heads", quant.F32, 64, rows)
	e.Call(OpRopeStore, Args{e.Step(), q, k, v, NoTensor, NoTensor, s.freqs, s.kc, s.vc}, 2, 2, 32, 32, 64, 1e-6)
	part := e.Temp("part", quant.F32, 34*2*AttentionSplits, rows)
	e.Call(OpAttentionSplitKV, Args{e.Step(), q, s.kc, s.vc, part, s.parts, y}, 2, 2, 32, 64, s.scale)
	also := y
	if s.readAfter {
		also = q
	}
	e.Call(OpSwiGLU, Args{e.Step(), y, also, e.Out(0)}, 64)
}

// turns has kernels of rope and attention in one for up to so many rows.
type turns uint32

func (c turns) Lookup(k Kernel) (KernelInfo, bool) {
	info := KernelInfo{Local: 64}
	if k.Op == OpRopeAttention {
		info.Rows, info.Tile = [2]uint32{1, uint32(c)}, [3]uint32{4, 1, 1}
	}
	return info, true
}

// TestRopeInAttention: rope and attention become one for as many rows as a kernel is
// meant for and there is scratch for, where nothing else reads the queries.
func TestRopeInAttention(t *testing.T) {
	const whole, apart = "rope_attention", "rope_store attention_splitkv"
	scale := 1 / math.Sqrt(32)
	for name, c := range map[string]struct {
		rows, room int // rows that there is scratch for
		most       turns
		scale      float64
		readAfter  bool
		want       string
	}{
		"a row":         {1, 1, 1, scale, false, whole},
		"few rows":      {8, 8, 15, scale, false, whole},
		"more room":     {3, 15, 15, scale, false, whole},
		"many rows":     {16, 16, 15, scale, false, apart},
		"no room":       {8, 7, 15, scale, false, apart},
		"other scale":   {8, 8, 15, 1, false, apart},
		"queries again": {8, 8, 15, scale, true, apart},
	} {
		g := New("turned", StepLayout{Rows: c.rows, Outs: 1, Pages: 2})
		tensor := func(name string, role Role, typ quant.Type, shape ...uint64) TensorID {
			return g.Tensor(Tensor{Name: name, Shape: shape, Type: typ, Role: role})
		}
		g.Add(Node{Name: "turned", Kind: "turned", Out: []string{"y"}, Stage: turned{tensor("x", Input, quant.F32, 64, uint64(c.rows)),
			tensor("k", State, quant.F32, 64, 128), tensor("v", State, quant.F32, 64, 128),
			tensor("parts", State, quant.U32, uint64(AttentionCounters+34*2*AttentionSplits*c.room)), tensor("freqs", Weight, quant.F32, 16, 2), c.scale, c.readAfter}})
		p, err := Compile(g, Options{Kernels: c.most})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := opNames(p.Dispatches), "gather gather gather "+c.want+" swiglu"; got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
			continue
		}
		if c.want == apart {
			continue
		}
		d := p.Dispatches[3]
		args := argNames(p.Tensors, &d, "turned")
		if want := []string{"step", "q", "k", "v", "freqs", "k", "v", "parts", "heads"}; !slices.Equal(args, want) {
			t.Errorf("%s: arguments %v, wanted %v", name, args, want)
		}
		if want := [3]uint32{2 * AttentionSplits / 4, uint32(c.rows), 1}; d.Workgroups != want {
			t.Errorf("%s: workgroups %v, wanted %v", name, d.Workgroups, want)
		}
	}
}
