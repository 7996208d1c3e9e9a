package graph

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// SyncBytes is what a kernel that can wait by itself has in front of its push
// constants: the counter's address, 0 for none, Dispatch.Wait and Dispatch.Early,
// as 64, 32 and 32 bits; Early with SyncAside added if it counts the second
// counter, which lies SyncAsideAt bytes behind the first, in another line of the
// cache.
const (
	SyncBytes   = 16
	SyncAside   = 1 << 31
	SyncAsideAt = 128
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
		u.prepare[i].Signals, u.prepare[i].Aside = false, false // it runs alone
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
	key := d.Args[d.Kernel.Op.KeyArg()].Tensor
	d.Kernel.Type = u.tensors[key].Type
	info, ok := u.choose(d)
	if !ok {
		if _, seen := missing[d.Kernel]; !seen {
			missing[d.Kernel] = u.tensors[key].Name
		}
		return nil
	}
	d.Groups = info.grid(d.Work)
	d.Signals = info.Sync && u.opts.Counters
	d.Aside = d.Signals && info.Aside
	push := 8*len(d.Args) + 4*len(d.Params)
	if info.Sync {
		push += SyncBytes
	}
	if push > u.opts.MaxPush {
		return fmt.Errorf("%s needs %d bytes of push constants, the device has %d", d.Kernel, push, u.opts.MaxPush)
	}
	return nil
}

// choose finds the first kernel that suits a call and names it there.
func (u *unit) choose(d *Dispatch) (KernelInfo, bool) {
	plain, ok := u.opts.Kernels.Lookup(d.Kernel)
	if !ok {
		return plain, false
	}
	for _, v := range plain.Variants {
		k := d.Kernel
		k.Variant = v
		if info, ok := u.opts.Kernels.Lookup(k); ok && info.serves(d.Rows, d.Params) && u.takes(d, &info) && info.fills(d.Work) {
			d.Kernel = k
			return info, true
		}
	}
	return plain, plain.serves(d.Rows, d.Params) && u.takes(d, &plain)
}

// takes tells whether the kernel takes activations of the types at hand.
func (u *unit) takes(d *Dispatch, info *KernelInfo) bool {
	for i, a := range d.Args {
		if a.Tensor == NoTensor {
			continue
		}
		t := &u.tensors[a.Tensor]
		if half := t.Role == Activation && t.Type.Half(); half != slices.Contains(info.Halves, i) {
			return false
		}
	}
	return true
}
