package graph

import (
	"math"
	"slices"
	"testing"
)

// TestRouterAbsorbedFewRows: the router's product is folded for few rows as well,
// where nothing but the choice of experts reads it, the weights are renormalized,
// and there are kernels.
func TestRouterAbsorbedFewRows(t *testing.T) {
	const (
		front = "gather gather linear "
		back  = " expert_norm_swiglu grouped_gemm expert_combine"
		plain = front + "norm_linear topk_sort" + back
	)
	for name, c := range map[string]struct {
		lacks  fewKernels
		change func(*ahead)
		want   string
	}{
		"whole":     {"", func(*ahead) {}, front + "router_absorbed topk_sort_absorbed" + back},
		"no fold":   {"absorb_router", func(*ahead) {}, plain},
		"no ahead":  {"router_absorbed", func(*ahead) {}, plain},
		"no choice": {"topk_sort_absorbed", func(*ahead) {}, plain},
		"no group":  {"topk_sort", func(*ahead) {}, front + "norm_linear top_k moe_sort" + back},
		"all p":     {"", func(b *ahead) { b.plainNorm = true }, plain},
		"no res":    {"", func(b *ahead) { b.noResidual = true }, plain},
		"one reads": {"", func(b *ahead) { b.counted = true }, front + "norm_linear top_k topk_sort" + back},
	} {
		p, err := Compile(aheadBlock(8, c.change), Options{Kernels: c.lacks})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := opNames(p.Dispatches); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
		prepared := ""
		if name == "whole" {
			prepared = "absorb_router"
		}
		if got := opNames(p.Prepare); got != prepared || (p.Find("router * o") != NoTensor) != (prepared != "") {
			t.Errorf("%s: prepared by %q, wanted %q", name, got, prepared)
		}
	}
}

// TestRouterOfFewRowsArguments: the choice has the row that o gave and what the
// norm knew of it; with 3 rows there are fewer tiles than experts.
func TestRouterOfFewRowsArguments(t *testing.T) {
	for _, c := range []struct {
		rows  int
		tiles uint32
	}{{3, 6}, {8, 8}} {
		p, err := Compile(aheadBlock(c.rows, func(*ahead) {}), Options{Kernels: fewKernels("")})
		if err != nil {
			t.Fatal(err)
		}
		o, router, top := p.Dispatches[2], p.Dispatches[3], p.Dispatches[4]
		got := argNames(p.Tensors, &top, "block")
		if top.Kernel.Op != OpTopKSortAbsorbed || !slices.Equal(got, []string{"step", "unscaled", "x", "ids", "weights", "groups"}) {
			t.Fatalf("%s has %v", top.Kernel, got)
		}
		if top.Args[2].Tensor != o.Args[4].Tensor || top.Args[1].Tensor != router.Args[6].Tensor {
			t.Errorf("it reads %v, o writes %v and the router %v", top.Args, o.Args[4], router.Args[6])
		}
		// experts top_k scale tile tiles k eps
		want := []uint32{8, 2, math.Float32bits(2.5), GroupTile, c.tiles, 32, math.Float32bits(1e-6)}
		if !slices.Equal(top.Params, want) || top.Work != [3]uint32{8, uint32(c.rows), 1} || top.Rows != uint32(c.rows) {
			t.Errorf("parameters %v, wanted %v; work %v of %d rows", top.Params, want, top.Work, top.Rows)
		}
	}
}

// fewBeside is fewKernels that wait by themselves, router_absorbed reporting aside
// and topk_sort_absorbed reading the logits early.
type fewBeside struct{ fewKernels }

func (c fewBeside) Lookup(k Kernel) (KernelInfo, bool) {
	info, ok := c.fewKernels.Lookup(k)
	info.Tile, info.Sync, info.SignalsSide = [3]uint32{4, 1, 1}, true, k.Op == OpRouterAbsorbed
	if k.Op == OpTopKSortAbsorbed {
		info.Early = []int{1}
	}
	return info, ok
}

// TestSideSignalsFewRows: the choice waits for the router's reports aside before it
// reads the logits, and for o's as well before it reads the row. The check sees a
// wait that is too short or for the wrong counter.
func TestSideSignalsFewRows(t *testing.T) {
	u := countedAbsorbed(t, 8, fewBeside{})
	o, router, top := u.calls[2], u.calls[3], u.calls[4]
	if o.Wait != router.Wait || router.WorkgroupCount() != 16 || top.Early != 16 || !top.EarlySide {
		t.Errorf("%s waits for %d reports, aside %v, wanted the router's %d", top.Kernel, top.Early, top.EarlySide, router.WorkgroupCount())
	}
	if all := uint64(o.Wait) + o.WorkgroupCount() + router.WorkgroupCount(); uint64(top.Wait) != all || o.WorkgroupCount() != 64 || top.Barrier {
		t.Errorf("%s waits for %d reports then, barrier %v, wanted %d", top.Kernel, top.Wait, top.Barrier, all)
	}
	for want, spoil := range map[string]func(*Dispatch){
		"after 15 reports aside of 16": func(d *Dispatch) { d.Early-- },
		"come before it":               func(d *Dispatch) { d.Early++ },
		"after 16 reports of":          func(d *Dispatch) { d.EarlySide = false },
		"conflict":                     func(d *Dispatch) { d.Wait -= uint32(o.WorkgroupCount()) },
	} {
		u := countedAbsorbed(t, 8, fewBeside{})
		spoil(&u.calls[4])
		wantRefused(t, top.Kernel.String(), u, want)
	}
}
