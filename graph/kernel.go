package graph

import "moeflow/gguf/quant"

// Kernel is the key by which a kernel is selected: the operation and the type
// of the edge that the operation's table row marks.
type Kernel struct {
	Op   Op
	Type quant.Type
}

func (k Kernel) String() string { return k.Op.String() + "[" + k.Type.String() + "]" }

// KernelInfo is what lowering needs to know of a kernel.
type KernelInfo struct {
	// Tile is how much of each axis of a dispatch's Work one workgroup
	// covers; 0 means the whole axis.
	Tile [3]uint32
	// Most bounds the workgroups on the first axis: with more work, each walks
	// on in strides of the whole grid. 0 means that the kernel does not, and
	// gets as many as there are tiles.
	Most uint32
	// Local is the preferred number of invocations of a workgroup, passed as
	// specialization constant 0. A kernel is right with any multiple of the
	// device's subgroup size up to this.
	Local uint32
	// Spec lists the indices of the op's parameters that the kernel also
	// takes as specialization constants 1, 2, …
	Spec []int
}

// Catalog finds kernels. vk/shaders has the one for Vulkan.
type Catalog interface {
	Lookup(Kernel) (KernelInfo, bool)
}
