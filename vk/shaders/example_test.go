package shaders_test

import (
	"fmt"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/vk/shaders"
)

func Example() {
	k := graph.Kernel{Op: graph.OpLinear, Type: quant.Q4_K}
	info, ok := shaders.Catalog().Lookup(k)
	fmt.Println(k, ok, info.Tile)
	_, ok = shaders.Code(graph.Kernel{Op: graph.OpLinear, Type: quant.U32})
	fmt.Println(ok)
	// Output:
	// linear[Q4_K] true [2 8 1]
	// false
}
