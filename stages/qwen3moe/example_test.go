package qwen3moe_test

import (
	"fmt"

	"moeflow/gguf"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
)

// every has all kernels; vk/shaders has the catalog of those that exist.
type every struct{}

func (every) Lookup(graph.Kernel) (graph.KernelInfo, bool) { return graph.KernelInfo{Local: 32}, true }

// The plan of the shipped model for steps of one token.
func Example() {
	f, err := gguf.Open("../../models/tiny-go-q4_k_m.gguf")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	c, err := qwen3moe.ReadConfig(f)
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := qwen3moe.Build(f, c, qwen3moe.Options{
		Layout: graph.StepLayout{Rows: 1, Outs: 1, Pages: 32},
		KVType: quant.F16, Positions: 2048, PageSize: 64, Slots: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := graph.Compile(g, graph.Options{Kernels: every{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d layers of %d experts, %d used\n", c.Layers, c.Experts, c.TopK)
	for _, n := range p.Nodes[:5] {
		fmt.Println(n.Name)
	}
	// Output:
	// 6 layers of 16 experts, 4 used
	// embed
	// blk.0.attention
	// blk.0.router
	// blk.0.experts
	// blk.1.attention
}
