package graph

import "moeflow/gguf/quant"

// Kernel is the key by which a kernel is selected: the operation and the type
// of the edge that the operation's table row marks. Several kernels may compute
// one such pair; Variant tells them apart, "" being the one named as the operation.
type Kernel struct {
	Op      Op
	Type    quant.Type
	Variant string
}

func (k Kernel) String() string { return k.name() + "[" + k.Type.String() + "]" }

// name is the kernel's own, whatever its type.
func (k Kernel) name() string {
	if k.Variant != "" {
		return k.Variant
	}
	return k.Op.String()
}

// KernelInfo is what lowering needs to know of a kernel.
type KernelInfo struct {
	// Tile is how much of each axis of a dispatch's Work one workgroup
	// covers; 0 means the whole axis.
	Tile [3]uint32
	// MaxWorkgroups bounds the workgroups on the first axis: with more work, each
	// workgroup goes on in strides of the whole grid. 0 is no bound: there are as many
	// workgroups as tiles.
	MaxWorkgroups uint32
	// Local is the preferred number of invocations of a workgroup, passed as
	// specialization constant 0. A kernel is right with any multiple of the
	// device's subgroup size up to this.
	Local uint32
	// Exact tells that the kernel is right with Local invocations only.
	Exact bool
	// Subgroups is how many subgroups a workgroup must have, whatever their
	// size; 0 is any number.
	Subgroups uint32
	// Spec lists the indices of the op's parameters that the kernel also
	// takes as specialization constants 1, 2, …
	Spec []int
	// Order names, in the entry without a variant, the kernels of this operation and
	// type in the order in which they are tried, "" being that entry's own. A name of
	// another operation's kernel says where this operation gives way to that one, if a
	// rule can make it so. Without an order there is one kernel.
	Order []string
	// Rows is the fewest and the most rows that the kernel is meant for; zero
	// is no bound. It is right with any number.
	Rows [2]uint32
	// MinWorkgroups is the fewest workgroups of a dispatch for which the kernel is
	// meant: one with large tiles leaves multiprocessors without work where there is
	// little to do. Zero is no bound; it is right with any number.
	MinWorkgroups uint32
	// F16 lists the indices of the arguments that must be activations of
	// type F16; all others are F32.
	F16 []int
	// Requires holds what the kernel asks of the op's parameters.
	Requires []Condition
	// Sync tells that the kernel itself waits for the dispatches before it and
	// reports when it is done, so that no barrier is needed; see fence.
	Sync bool
	// Early lists the indices of the arguments that the kernel reads before it waits
	// for all dispatches: as soon as those that wrote them are done (Dispatch.Early).
	Early []int
	// SignalsSide tells that a kernel with Sync also reports to a second counter, so that a
	// reader of its results need not wait for other kernels that run beside it.
	SignalsSide bool
}

// Condition is a demand on a parameter of an op, or on its whole ratio to the
// parameter Over: a multiple of Multiple (if not zero), at least Least, and at
// most Most (if not zero).
type Condition struct {
	Param                 int
	Multiple, Least, Most uint32
	Ratio                 bool
	Over                  int
}

// serves tells whether the kernel suits a call.
func (k *KernelInfo) serves(rows uint32, params []uint32) bool {
	return rows >= k.Rows[0] && (k.Rows[1] == 0 || rows <= k.Rows[1]) && k.Suits(params)
}

// grid is the workgroups of a dispatch with that work.
func (k *KernelInfo) grid(work [3]uint32) [3]uint32 {
	groups := [3]uint32{1, 1, 1}
	for a, t := range k.Tile {
		if t > 0 {
			groups[a] = (work[a] + t - 1) / t
		}
	}
	if k.MaxWorkgroups > 0 {
		groups[0] = min(groups[0], k.MaxWorkgroups)
	}
	return groups
}

// fills tells whether a call is large enough for the kernel.
func (k *KernelInfo) fills(work [3]uint32) bool {
	d := Dispatch{Workgroups: k.grid(work)}
	return d.WorkgroupCount() >= uint64(k.MinWorkgroups)
}

// Suits tells whether the kernel can compute a call with these parameters.
func (k *KernelInfo) Suits(params []uint32) bool {
	for _, c := range k.Requires {
		p := params[c.Param]
		if c.Ratio {
			p /= max(1, params[c.Over])
		}
		if c.Multiple > 0 && p%c.Multiple != 0 || p < c.Least || c.Most > 0 && p > c.Most {
			return false
		}
	}
	return true
}

// Catalog finds kernels. vk/shaders has the one for Vulkan, limited to what a
// device can run.
type Catalog interface {
	Lookup(Kernel) (KernelInfo, bool)
}
