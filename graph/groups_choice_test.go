package graph

import (
	"testing"

	"moeflow/gguf/quant"
)

// tiled has a kernel with large tiles for at least so many workgroups.
type tiled uint32

func (c tiled) Lookup(k Kernel) (KernelInfo, bool) {
	switch k.Variant {
	case "":
		return KernelInfo{Tile: [3]uint32{1, 1, 1}, Local: 32, Order: []string{"large", "small", ""}}, true
	case "large":
		return KernelInfo{Tile: [3]uint32{16, 2, 1}, Local: 32, MinWorkgroups: uint32(c)}, true
	}
	return KernelInfo{Tile: [3]uint32{4, 1, 1}, Local: 32}, true
}

// TestLargeTilesForMuchWork: 32 outputs of three rows are four tiles of 16 by 2.
func TestLargeTilesForMuchWork(t *testing.T) {
	for _, c := range []struct {
		least tiled
		want  string
	}{{4, "large"}, {5, "small"}, {0, "large"}} {
		p, err := Compile(chain(1, 3), Options{Kernels: c.least})
		if err != nil {
			t.Fatal(err)
		}
		if k := p.Dispatches[0].Kernel; k != (Kernel{OpLinear, quant.F16, c.want}) {
			t.Errorf("a kernel for %d workgroups: %s, wanted %s", c.least, k, c.want)
		}
	}
}
