package shaders

import (
	"embed"
	"slices"
	"sort"
	"strings"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

//go:embed spv/*.spv
var files embed.FS

type entry struct {
	file      string
	needs     []string // capabilities that the device must have
	precision string   // how it rounds beyond float32, "" if it does not
	bounds    perSM
	info      graph.KernelInfo
}

// perSM is a kernel's bounds on workgroups that are for each multiprocessor of the
// device, 0 where there is none: see KernelInfo.MinWorkgroups and MaxWorkgroups.
type perSM struct{ min, max float64 }

// Choice says which kernels a catalog offers.
type Choice struct {
	// Has lists the device's capabilities: see vk.DeviceInfo.Capabilities.
	Has []string
	// Without lists precisions that are not wanted, such as "f16".
	Without []string
	// Processors is how many the device has, 0 if it does not say.
	Processors uint32
}

// usualProcessors stands for the number of multiprocessors of a device that does
// not say: a large GPU's.
const usualProcessors = 128

// on is what a kernel is on a device of so many multiprocessors, 0 if it does not
// say.
func (e *entry) on(processors uint32) graph.KernelInfo {
	if processors == 0 {
		processors = usualProcessors
	}
	info := e.info
	if e.bounds.min > 0 {
		info.MinWorkgroups = uint32(e.bounds.min * float64(processors))
	}
	if e.bounds.max > 0 {
		info.MaxWorkgroups = max(1, uint32(e.bounds.max*float64(processors)))
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

// op is the operation of a name, for the generated table.
func op(name string) graph.Op {
	o, ok := graph.ParseOp(name)
	if !ok {
		panic("no operation " + name) // the table is stale, which a test of gen sees
	}
	return o
}

type catalog map[graph.Kernel]graph.KernelInfo

// Catalog is the table of the kernels that run on every device.
func Catalog() graph.Catalog { return For(Choice{}) }

// For is the table of the kernels that a choice allows, in the order of order.go.
func For(c Choice) graph.Catalog {
	out := catalog{}
	for k, e := range table {
		if c.offers(&e) {
			out[k] = e.on(c.Processors)
		}
	}
	for _, op := range graph.Ops() {
		for _, t := range types {
			out.setOrder(op, t)
		}
	}
	return out
}

// setOrder gives the entry of an operation and type that bears the operation's name
// the order of those that are offered.
func (c catalog) setOrder(op graph.Op, t quant.Type) {
	var names []string
	own := false
	for _, name := range order[op] {
		if other, ok := strings.CutPrefix(name, "("); ok {
			names = append(names, strings.TrimSuffix(other, ")"))
			continue
		}
		if name == op.String() {
			name = ""
		}
		if _, ok := c[graph.Kernel{Op: op, Type: t, Variant: name}]; ok {
			names, own = append(names, name), true
		}
	}
	if plain := (graph.Kernel{Op: op, Type: t}); own {
		info := c[plain]
		info.Order = names
		c[plain] = info
	}
}

// types are those of all kernels.
var types = append(quant.Types(), quant.U32)

// Lookup finds what lowering needs to know of a kernel.
func (c catalog) Lookup(k graph.Kernel) (graph.KernelInfo, bool) {
	info, ok := c[k]
	return info, ok
}

// Info finds a kernel whatever device it is for, the number of whose processors is
// not known, and the capabilities that it needs.
func Info(k graph.Kernel) (info graph.KernelInfo, needs []string, ok bool) {
	e, ok := table[k]
	return e.on(0), e.needs, ok
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
// serves no operation: see kernels/probe/matrix_rate.comp.
func MatrixRate() ([]byte, error) { return files.ReadFile("spv/matrix_rate_f16.spv") }

// MMALayout returns the SPIR-V of the kernel that finds how matrices lie in
// registers, which serves no operation: see kernels/probe/mma_layout.comp.
func MMALayout() ([]byte, error) { return files.ReadFile("spv/mma_layout_f16.spv") }

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
