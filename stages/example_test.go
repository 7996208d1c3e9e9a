package stages_test

import (
	"fmt"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/stages"
)

// catalog has every kernel.
type catalog struct{}

func (catalog) Lookup(graph.Kernel) (graph.KernelInfo, bool) {
	return graph.KernelInfo{Local: 32}, true
}

// A router that picks two of eight experts, and the experts: the edges that the
// stages make.
func Example() {
	g := graph.New("block", graph.StepLayout{Rows: 1, Outs: 1, Pages: 1})
	weight := func(name string, t quant.Type, shape ...uint64) graph.TensorID {
		return g.Tensor(graph.Tensor{Name: name, Shape: shape, Type: t, Role: graph.Weight})
	}
	x := g.Tensor(graph.Tensor{Name: "x", Shape: graph.Shape{256, 1}, Type: quant.F32, Role: graph.Input})
	r := g.Add(graph.Node{Name: "router", Kind: "router", Stage: stages.Router{
		X: x, Norm: weight("ffn_norm", quant.F32, 256), Gate: weight("ffn_gate_inp", quant.F32, 256, 8),
		Experts: 8, TopK: 2, NormTopK: true, Scale: 1, Eps: 1e-6,
	}, Out: []string{"h", "ids", "weights"}})
	g.Add(graph.Node{Name: "experts", Kind: "expert-swiglu", Stage: stages.ExpertSwiGLU{
		X: x, H: r[0], IDs: r[1], Weights: r[2],
		Gate: weight("ffn_gate_exps", quant.Q4_K, 256, 512, 8), Up: weight("ffn_up_exps", quant.Q4_K, 256, 512, 8),
		Down: weight("ffn_down_exps", quant.Q6_K, 512, 256, 8), Width: 512, Experts: 8,
	}, Out: []string{"x"}})
	p, err := graph.Compile(g, graph.Options{Kernels: catalog{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range p.Nodes {
		for _, id := range n.Out {
			fmt.Println(p.Tensors[id].String())
		}
	}
	// Output:
	// router/h F32 {256, 1} activation
	// router/ids U32 {2, 1} activation
	// router/weights F32 {2, 1} activation
	// experts/x F32 {256, 1} activation
}
