package shaders

import "fmt"

// Class is a kind of device, as far as plans depend on it: it stands for devices
// that are not here.
type Class struct {
	Name  string // as in moeflow graph --for NAME
	About string // what is special to it
	Choice
	Memory uint64 // bytes of device memory
	// Ordered tells that workgroups start in the order of their dispatches, so that
	// kernels may wait for each other without barriers.
	Ordered bool
}

// String describes the class in one line.
func (c *Class) String() string {
	s := c.About
	if c.Processors > 0 {
		s += fmt.Sprintf(", %d multiprocessors", c.Processors)
	}
	return s + fmt.Sprintf(", %d GiB", c.Memory>>30)
}

// Classes lists the classes. Each has what the devices that it is named after
// report, so that its plans are those which run there.
func Classes() []Class {
	return []Class{
		{Name: "nvidia", About: "NVIDIA with tensor cores", Memory: 80 << 30, Ordered: true,
			Choice: Choice{Processors: 132, Has: []string{"gpu", "shared48", "subgroup32", "warps8", "warps16", "warps32",
				"int8", "float16", "dot", "coopmat", "mma"}}},
		{Name: "wave64", About: "a GPU with subgroups of 64 and without matrix units", Memory: 24 << 30,
			Choice: Choice{Has: []string{"gpu", "shared48", "warps8", "warps16", "int8", "float16", "dot"}}},
		{Name: "llvmpipe", About: "a CPU, by Mesa's llvmpipe, with subgroups of 8", Memory: 2 << 30,
			Choice: Choice{Has: []string{"cpu", "subgroup8", "warps8", "warps16", "warps32", "int8", "float16", "dot"}}},
	}
}
