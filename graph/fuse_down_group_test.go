package graph

import (
	"slices"
	"strings"
	"testing"

	"moeflow/gguf/quant"
)

// downGroup is fewKernels with kernels of both halves of the experts that pass
// halves on, for as many rows as up and down say; without any if that is 0.
// floats has the second half take floats instead. One of the first half without
// the norm gives halves too, which no rule asks of it.
type downGroup struct {
	fewKernels
	up, down uint32
	floats   bool
}

func (c downGroup) Lookup(k Kernel) (KernelInfo, bool) {
	info, ok := c.fewKernels.Lookup(k)
	switch {
	case k.Op == OpExpertNormSwiGLU && k.Variant == "half":
		return KernelInfo{Local: 64, Rows: [2]uint32{2, c.up}, F16: []int{6}}, ok && c.up > 0
	case k.Op == OpExpertNormSwiGLU:
		info.Order = []string{"half", ""}
	case k.Op == OpGroupedGEMMSwiGLU && k.Variant == "half":
		return KernelInfo{Local: 64, F16: []int{5}}, ok
	case k.Op == OpGroupedGEMMSwiGLU && k.Variant == "":
		info.Order = []string{"few", "half", ""}
	case k.Op == OpExpertDownGroup:
		if info.Rows = [2]uint32{2, c.down}; !c.floats {
			info.F16 = []int{2}
		}
		return info, ok && c.down > 0
	}
	return info, ok
}

// TestDownGroup: the second half of the experts adds up a row's slots itself, of
// halves, where both halves have kernels for the rows; otherwise what lies between
// them stays as it was.
func TestDownGroup(t *testing.T) {
	const (
		front    = "gather norm_linear topk_sort expert_norm_swiglu "
		fused    = front + "expert_down_group"
		separate = front + "grouped_gemm expert_combine"
		plain    = "gather rms_norm linear topk_sort grouped_gemm_swiglu grouped_gemm expert_combine"
	)
	for _, c := range []struct {
		rows    int
		kernels downGroup
		want    string
	}{
		{2, downGroup{up: 64, down: 64}, fused},
		{8, downGroup{up: 64, down: 64}, fused},
		{64, downGroup{up: 64, down: 64}, fused},
		{8, downGroup{up: 64}, separate},
		{8, downGroup{down: 64}, separate},
		{8, downGroup{up: 64, down: 64, floats: true}, separate},
		{8, downGroup{fewKernels: "expert_norm_swiglu", up: 64, down: 64}, plain},
		{8, downGroup{up: 7, down: 64}, separate},
		{8, downGroup{up: 64, down: 7}, separate},
		{65, downGroup{up: 64, down: 64}, "gather rms_norm linear top_k moe_sort grouped_gemm_swiglu grouped_gemm expert_combine"},
	} {
		p, err := Compile(fewGraph(c.rows, false), Options{Kernels: c.kernels})
		if err != nil {
			t.Errorf("%d rows, %+v: %v", c.rows, c.kernels, err)
			continue
		}
		if got := opNames(p.Dispatches); got != c.want {
			t.Errorf("%d rows, %+v:\n got %s\nwant %s", c.rows, c.kernels, got, c.want)
		}
		want := quant.F32
		if c.want == fused {
			want = quant.F16
		}
		if h := &p.Tensors[p.Find("block/h")]; h.Type != want {
			t.Errorf("%d rows, %+v: h is %s, wanted %s", c.rows, c.kernels, h.Type, want)
		}
	}
}

func opNames(ds []Dispatch) string {
	var out []string
	for i := range ds {
		out = append(out, ds[i].Kernel.Op.String())
	}
	return strings.Join(out, " ")
}

// TestDownGroupArguments: what the joined call reads, from the product and from
// the sum, and its size.
func TestDownGroupArguments(t *testing.T) {
	p, err := Compile(fewGraph(8, false), Options{Kernels: downGroup{up: 64, down: 64}})
	if err != nil {
		t.Fatal(err)
	}
	d := p.Dispatches[len(p.Dispatches)-1]
	got := argNames(p.Tensors, &d, "block")
	if d.Kernel.Op != OpExpertDownGroup || !slices.Equal(got, []string{"step", "down", "h", "groups", "weights", "res", "y"}) {
		t.Fatalf("%s has %v", d.Kernel, got)
	}
	if want := []uint32{64, 32, uint32(NewGroups(8, 2, 8).Tiles), 2}; !slices.Equal(d.Params, want) {
		t.Errorf("parameters %v, wanted k n tiles top_k %v", d.Params, want)
	}
	if d.Work != [3]uint32{32, 1, 1} || d.Rows != 8 {
		t.Errorf("work %v of %d rows", d.Work, d.Rows)
	}
	if h := &p.Tensors[d.Args[2].Tensor]; h.Bytes != 2*64*2*8 {
		t.Errorf("%s has %d bytes", h, h.Bytes)
	}
}

// TestDownGroupTakesAllOrNothing: both calls stay while anything else reads what
// goes from one to the next, or its type cannot change.
func TestDownGroupTakesAllOrNothing(t *testing.T) {
	read := func(u *unit, id TensorID) {
		e := &Emitter{u: u, node: u.calls[0].Node}
		s := u.tensors[id].Shape
		e.Call(OpSwiGLU, Args{u.calls[0].Args[0].Tensor, id, id, e.Temp("other", quant.F32, s...)}, float64(s[0]*s[1]))
	}
	for name, c := range map[string]struct {
		change func(u *unit, product *Dispatch)
		want   string
	}{
		"alone":           {func(*unit, *Dispatch) {}, "expert_norm_swiglu expert_down_group"},
		"slots are read":  {func(u *unit, d *Dispatch) { read(u, d.Args[4].Tensor) }, "expert_norm_swiglu grouped_gemm expert_combine swiglu"},
		"h is read":       {func(u *unit, d *Dispatch) { read(u, d.Args[2].Tensor) }, "expert_norm_swiglu grouped_gemm expert_combine swiglu"},
		"h is kept":       {func(u *unit, d *Dispatch) { u.tensors[d.Args[2].Tensor].Role = State }, "expert_norm_swiglu grouped_gemm expert_combine"},
		"slots share a x": {func(_ *unit, d *Dispatch) { d.Params[3] = 2 }, "expert_norm_swiglu grouped_gemm expert_combine"},
	} {
		u := beforeDownGroup(t)
		at := slices.IndexFunc(u.calls, func(d Dispatch) bool { return d.Kernel.Op == OpGroupedGEMM })
		h := u.calls[at].Args[2].Tensor
		c.change(u, &u.calls[at])
		u.calls = ruleNamed(t, "grouped down+combine").apply(u, u.calls)
		if got := opNames(u.calls); !strings.HasSuffix(got, " "+c.want) {
			t.Errorf("%s:\n got %s\nwant … %s", name, got, c.want)
		}
		if halves := u.tensors[h].Type == quant.F16; halves != (name == "alone") {
			t.Errorf("%s: h is %s", name, u.tensors[h].Type)
		}
	}
}

// beforeDownGroup is a block of 8 rows as the rule down+combine gets it.
func beforeDownGroup(t *testing.T) *unit {
	g := fewGraph(8, false)
	u := &unit{g: g, opts: Options{Kernels: downGroup{up: 64, down: 64}, Granularity: PerDevice, MaxPush: 128}, tensors: slices.Clone(g.tensors), nodes: slices.Clone(g.nodes)}
	for _, p := range passes {
		if p.name == "fuse" {
			break
		}
		if err := p.run(u); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range rules {
		if r.name == "grouped down+combine" {
			return u
		}
		u.calls = r.apply(u, u.calls)
	}
	t.Fatal("there is no such rule")
	return nil
}
