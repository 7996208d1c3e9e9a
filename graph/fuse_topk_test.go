package graph

import (
	"math"
	"slices"
	"testing"

	"moeflow/gguf/quant"
)

// choosing is downGroup with a kernel for experts that choose by themselves, and
// kernels that wait by themselves, of which the choice reports aside.
type choosing struct{ downGroup }

func (c choosing) Lookup(k Kernel) (KernelInfo, bool) {
	info, ok := c.downGroup.Lookup(k)
	info.Sync = true
	switch k.Op {
	case OpTopKGroupedSwiGLU:
		return KernelInfo{Local: 64, Rows: [2]uint32{2, 64}, F16: []int{6}, Sync: true}, true
	case OpTopKSort, OpTopKSortAbsorbed:
		info.SignalsSide = true
	case OpExpertDownGroup:
		info.Early = []int{3, 4}
	}
	return info, ok
}

// TestExpertsChoose: the first half of few rows' experts finds its places from the
// logits, beside the choice, which the second half knows as soon as it is made.
func TestExpertsChoose(t *testing.T) {
	p, err := Compile(fewGraph(8, false), Options{Kernels: choosing{downGroup{up: 64, down: 64}}, Counters: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := opNames(p.Dispatches), "gather norm_linear topk_sort topk_grouped_swiglu expert_down_group"; got != want {
		t.Fatalf("got %s, wanted %s", got, want)
	}
	choice, up, down := &p.Dispatches[2], &p.Dispatches[3], &p.Dispatches[4]
	if up.Wait != choice.Wait || up.Barrier || choice.Wait == 0 {
		t.Errorf("the experts wait for %d reports (barrier %v), the choice for %d", up.Wait, up.Barrier, choice.Wait)
	}
	if !down.EarlySide || down.Early == 0 || down.Early >= down.Wait {
		t.Errorf("the second half reads the list after %d reports (aside %v), all else after %d", down.Early, down.EarlySide, down.Wait)
	}
	args := argNames(p.Tensors, up, "block")
	if want := []string{"step", "res", "norm", "gate", "up", "logits", "h"}; !slices.Equal(args, want) {
		t.Errorf("arguments %v, wanted %v", args, want)
	}
	if want := []uint32{32, 64, 8, 2, math.Float32bits(1e-6)}; !slices.Equal(up.Params, want) || up.Work != [3]uint32{64, 1, 1} || up.Rows != 8 {
		t.Errorf("parameters %v, work %v of %d rows, wanted k n experts top_k eps %v", up.Params, up.Work, up.Rows, want)
	}
}

// TestExpertsDoNotChoose: nothing changes where a list is not the choice's, or not of
// every row's slots, or the kernel wants halves and there are none.
func TestExpertsDoNotChoose(t *testing.T) {
	for name, c := range map[string]struct {
		change func(u *unit, at int)
		want   Op
	}{
		"whole":       {func(*unit, int) {}, OpTopKGroupedSwiGLU},
		"other share": {func(u *unit, at int) { u.calls[at].Params[3] = 1 }, OpExpertNormSwiGLU},
		"no choice":   {func(u *unit, at int) { u.calls = slices.Delete(u.calls, at-1, at) }, OpExpertNormSwiGLU},
		"floats":      {func(u *unit, at int) { u.tensors[u.calls[at].Args[6].Tensor].Type = quant.F32 }, OpExpertNormSwiGLU},
	} {
		u := beforeChoice(t)
		at := slices.IndexFunc(u.calls, func(d Dispatch) bool { return d.Kernel.Op == OpExpertNormSwiGLU })
		c.change(u, at)
		calls := ruleNamed(t, "experts choose by themselves").apply(u, u.calls)
		if got := slices.ContainsFunc(calls, func(d Dispatch) bool { return d.Kernel.Op == c.want }); !got {
			t.Errorf("%s: %s, wanted %s", name, opNames(calls), c.want)
		}
	}
}

// beforeChoice is a block of few rows before its experts may choose.
func beforeChoice(t *testing.T) *unit {
	t.Helper()
	u := beforeDownGroup(t)
	u.opts.Kernels = choosing{downGroup{up: 64, down: 64}}
	for _, name := range []string{"grouped down+combine", "top_k+sort"} {
		u.calls = ruleNamed(t, name).apply(u, u.calls)
	}
	return u
}
