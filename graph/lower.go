package graph

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"moeflow/gguf/quant"
)

// SyncBytes is what a kernel that can wait by itself has in front of its push
// constants: the counter's address, 0 for none, Dispatch.Wait and Dispatch.Early,
// as 64, 32 and 32 bits; Early with SyncSide added if it counts the second
// counter, which lies SyncSideAt bytes behind the first, in another line of the
// cache.
const (
	SyncBytes  = 16
	SyncSide   = 1 << 31
	SyncSideAt = 128
)

// lower selects each call's kernel by the type of its key edge and turns its
// work into workgroups. Every missing kernel is reported in one error, with a
// tensor that needs it.
func lower(u *unit) error {
	missing := map[Kernel]string{}
	for _, calls := range [][]Dispatch{u.prepare, u.calls} {
		for i := range calls {
			if err := u.lowerCall(&calls[i], missing); err != nil {
				return err
			}
		}
	}
	for i := range u.prepare {
		u.prepare[i].Signals, u.prepare[i].SignalsSide = false, false // it runs alone
	}
	if len(missing) == 0 {
		return nil
	}
	var names []string
	for k, tensor := range missing {
		names = append(names, fmt.Sprintf("%s (for %s)", k, tensor))
	}
	sort.Strings(names)
	return fmt.Errorf("no kernel for %s", strings.Join(names, ", "))
}

// lowerCall selects the kernel of one call, or notes what is missing.
func (u *unit) lowerCall(d *Dispatch, missing map[Kernel]string) error {
	k, info, ok := u.choose(d)
	if d.Kernel = k; !ok {
		if _, seen := missing[k]; !seen {
			missing[k] = u.tensors[d.Args[k.Op.KeyArg()].Tensor].Name
		}
		return nil
	}
	d.Workgroups = info.grid(d.Work)
	d.Signals = info.Sync && u.opts.Counters
	d.SignalsSide = d.Signals && info.SignalsSide
	push := 8*len(d.Args) + 4*len(d.Params)
	if info.Sync {
		push += SyncBytes
	}
	if push > u.opts.MaxPush {
		return fmt.Errorf("%s needs %d bytes of push constants, the device has %d", d.Kernel, push, u.opts.MaxPush)
	}
	return nil
}

// choose finds the first kernel of the op's order that suits a call.
func (u *unit) choose(d *Dispatch) (Kernel, KernelInfo, bool) {
	found, info := Kernel{Op: d.Kernel.Op, Type: u.keyType(d)}, KernelInfo{}
	ok := u.candidates(found.Op, found.Type, func(k Kernel) bool {
		i, have := u.opts.Kernels.Lookup(k)
		if have = have && u.suits(d, &i); have {
			found, info = k, i
		}
		return have
	})
	return found, info, ok
}

// candidates calls f for the kernels of an op and type in their order until it
// returns true, and tells whether it did.
func (u *unit) candidates(op Op, t quant.Type, f func(Kernel) bool) bool {
	k := Kernel{Op: op, Type: t}
	plain, ok := u.opts.Kernels.Lookup(k)
	if !ok {
		return false
	}
	if plain.Order == nil {
		return f(k)
	}
	return slices.ContainsFunc(plain.Order, func(v string) bool { return f(Kernel{op, t, v}) })
}

// suits tells whether a call is one for the kernel.
func (u *unit) suits(d *Dispatch, info *KernelInfo) bool {
	return info.serves(d.Rows, d.Params) && u.takes(d, info) && info.fills(d.Work)
}

// served tells whether the catalog has a kernel for a call.
func (u *unit) served(d *Dispatch) bool {
	_, _, ok := u.choose(d)
	return ok
}

// givesWay tells whether an op's order names the kernel of another call, which
// would do the same, before the first of its own that suits.
func (u *unit) givesWay(d, other *Dispatch) bool {
	to, _, ok := u.choose(other)
	if !ok {
		return false
	}
	way := false
	u.candidates(d.Kernel.Op, u.keyType(d), func(k Kernel) bool {
		way = k.name() == to.name()
		info, have := u.opts.Kernels.Lookup(k)
		return way || have && u.suits(d, &info)
	})
	return way
}

// keyType is the type that a call's kernel is chosen by.
func (u *unit) keyType(d *Dispatch) quant.Type {
	return u.tensors[d.Args[d.Kernel.Op.KeyArg()].Tensor].Type
}

// takes tells whether the kernel takes activations of the types at hand.
func (u *unit) takes(d *Dispatch, info *KernelInfo) bool {
	for i, a := range d.Args {
		if a.Tensor == NoTensor {
			continue
		}
		t := &u.tensors[a.Tensor]
		if half := t.Role == Activation && t.Type.Half(); half != slices.Contains(info.F16, i) {
			return false
		}
	}
	return true
}
