package export_test

import (
	"fmt"
	"os"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/export"
)

// A plan as a Mermaid flowchart, every layer one box.
func ExampleWrite() {
	p := &graph.Plan{
		Name: "two", Rows: 1,
		Tensors: []graph.Tensor{
			{Name: "x", Shape: graph.Shape{64, 1}, Type: quant.F32, Role: graph.Input, Bytes: 256},
			{Name: "w", Shape: graph.Shape{64, 32}, Type: quant.Q8_0, Role: graph.Weight, Bytes: 2176},
			{Name: "product/y", Shape: graph.Shape{32, 1}, Type: quant.F32, Role: graph.Output, Bytes: 128},
		},
		Nodes: []graph.PlanNode{{Name: "product", Kind: "linear", Layer: -1}},
		Dispatches: []graph.Dispatch{{
			Kernel:     graph.Kernel{Op: graph.OpLinear, Type: quant.Q8_0},
			Args:       []graph.Arg{{Tensor: 0, Access: graph.Read}, {Tensor: 1, Access: graph.Read}, {Tensor: 2, Access: graph.Write}},
			Workgroups: [3]uint32{8, 1, 1},
		}},
		Segments: []graph.Segment{{Name: "device", Nodes: []int{0}, First: 0, Last: 1}},
	}
	if err := export.Write(os.Stdout, p, export.Options{Format: "mermaid"}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ---
	// title: "two · step of 1 row · 1 dispatch · 0 barriers · 1 segment · arena 0 B"
	// ---
	// flowchart TB
	//   n0["product<br/>segment device<br/>linear<br/>linear[Q8_0] grid 8×1×1<br/>x 64×1 F32 256 B<br/>w 64×32 Q8_0 2.12 KiB<br/>writes y 32×1 F32 128 B"]
	//   subgraph legend["types"]
	//     legend0["Q8_0: 1 weight, 2.12 KiB"]
	//     style legend0 stroke:#8a63d2,stroke-width:3px
	//     legend1["F32"]
	//     style legend1 stroke:#7b8794,stroke-width:3px
	//   end
}
