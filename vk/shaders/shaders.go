package shaders

import (
	"embed"
	"slices"
	"sort"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

//go:embed spv/*.spv
var files embed.FS

type entry struct {
	file      string
	needs     []string // capabilities that the device must have
	precision string   // how it rounds beyond float32, "" if it does not
	info      graph.KernelInfo
}

// Choice says which kernels a catalog offers.
type Choice struct {
	// Has lists the device's capabilities: see vk.DeviceInfo.Capabilities.
	Has []string
	// Without lists precisions that are not wanted, such as "f16".
	Without []string
	// Processors is how many the device has, 0 if it does not say.
	Processors uint32
}

// usualProcessors stands for the number of processors of a device that does not
// say: a large GPU's.
const usualProcessors = 128

// bounded is a kernel's info with its bound on workgroups for that many processors.
func bounded(info graph.KernelInfo, processors uint32) graph.KernelInfo {
	if processors == 0 {
		processors = usualProcessors
	}
	if info.PerProcessor {
		info.Most *= processors
	}
	return info
}

// offers tells whether a kernel is to be had.
func (c *Choice) offers(e *entry) bool {
	for _, n := range e.needs {
		if !slices.Contains(c.Has, n) {
			return false
		}
	}
	return e.precision == "" || !slices.Contains(c.Without, e.precision)
}

type catalog map[graph.Kernel]graph.KernelInfo

// Catalog is the table of the kernels that run on every device.
func Catalog() graph.Catalog { return For(Choice{}) }

// For is the table of the kernels that a choice allows. Of several variants the
// one that is meant for fewer rows comes first, then the one that asks for more of
// the device, then the one that rounds, then the one with the larger tiles that is
// only meant for many workgroups, then the one that asks for more of the
// parameters.
func For(c Choice) graph.Catalog {
	out := catalog{}
	variants := map[graph.Kernel][]graph.Kernel{}
	for k, e := range table {
		if !c.offers(&e) {
			continue
		}
		out[k] = bounded(e.info, c.Processors)
		if k.Variant != "" {
			plain := graph.Kernel{Op: k.Op, Type: k.Type}
			variants[plain] = append(variants[plain], k)
		}
	}
	for plain, list := range variants {
		sort.Slice(list, func(i, j int) bool {
			a, b := table[list[i]], table[list[j]]
			switch {
			case a.info.Rows[1] != b.info.Rows[1]: // 0 is no bound
				return a.info.Rows[1]-1 < b.info.Rows[1]-1
			case len(a.needs) != len(b.needs):
				return len(a.needs) > len(b.needs)
			case (a.precision == "") != (b.precision == ""):
				return b.precision == ""
			case a.info.Groups > 0 || b.info.Groups > 0:
				return area(&a.info) > area(&b.info)
			case len(a.info.When) != len(b.info.When):
				return len(a.info.When) > len(b.info.When)
			}
			return list[i].Variant < list[j].Variant
		})
		info, ok := out[plain]
		if !ok {
			info.Rows = never
		}
		for _, k := range list {
			info.Variants = append(info.Variants, k.Variant)
		}
		out[plain] = info
	}
	return out
}

// area is how much a workgroup covers of a kernel that is only meant for many
// workgroups, 0 for all others.
func area(k *graph.KernelInfo) uint32 {
	if k.Groups == 0 {
		return 0
	}
	return k.Tile[0] * k.Tile[1]
}

// never is a bound on rows that no call meets: of an operation that only
// variants compute.
var never = [2]uint32{1<<32 - 1, 1}

// Lookup finds what lowering needs to know of a kernel.
func (c catalog) Lookup(k graph.Kernel) (graph.KernelInfo, bool) {
	info, ok := c[k]
	return info, ok
}

// Info finds a kernel whatever device it is for, the number of whose processors is
// not known, and the capabilities that it needs.
func Info(k graph.Kernel) (info graph.KernelInfo, needs []string, ok bool) {
	e, ok := table[k]
	return bounded(e.info, 0), e.needs, ok
}

// Precision tells how a kernel rounds beyond float32, "" for one that does not.
func Precision(k graph.Kernel) string { return table[k].precision }

// Stored is how many bytes a block of a weight type takes on the device: more
// than in a file where blocks are padded for their alignment.
func Stored(t quant.Type) int {
	if n, ok := stored[t]; ok {
		return n
	}
	return t.BlockBytes()
}

// Code returns the SPIR-V of a kernel, or false if there is none.
func Code(k graph.Kernel) ([]byte, bool) {
	e, ok := table[k]
	if !ok {
		return nil, false
	}
	code, err := files.ReadFile("spv/" + e.file)
	return code, err == nil
}

// MatrixRate returns the SPIR-V of the kernel that measures matrix units, which
// serves no operation: see kernels/matrix_rate.comp.
func MatrixRate() ([]byte, error) { return files.ReadFile("spv/matrix_rate_f16.spv") }

// Fragments returns the SPIR-V of the kernel that finds how matrices lie in
// registers, which serves no operation: see kernels/fragments.comp.
func Fragments() ([]byte, error) { return files.ReadFile("spv/fragments_f16.spv") }

// All lists every kernel, by operation, type and variant.
func All() []graph.Kernel {
	out := make([]graph.Kernel, 0, len(table))
	for k := range table {
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		switch {
		case a.Op != b.Op:
			return a.Op < b.Op
		case a.Type != b.Type:
			return a.Type < b.Type
		}
		return a.Variant < b.Variant
	})
	return out
}
