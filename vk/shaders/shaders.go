package shaders

import (
	"embed"
	"sort"

	"moeflow/graph"
)

//go:embed spv/*.spv
var files embed.FS

type entry struct {
	file string
	info graph.KernelInfo
}

type catalog struct{}

// Catalog is the table of all kernels of this package.
func Catalog() graph.Catalog { return catalog{} }

// Lookup finds what lowering needs to know of a kernel.
func (catalog) Lookup(k graph.Kernel) (graph.KernelInfo, bool) {
	e, ok := table[k]
	return e.info, ok
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

// All lists every kernel, by operation and then type.
func All() []graph.Kernel {
	out := make([]graph.Kernel, 0, len(table))
	for k := range table {
		out = append(out, k)
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Op != out[j].Op {
			return out[i].Op < out[j].Op
		}
		return out[i].Type < out[j].Type
	})
	return out
}
