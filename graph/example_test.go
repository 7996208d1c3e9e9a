package graph_test

import (
	"fmt"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// gate is a stage y = silu(h)·h with h = silu(x)·x.
type gate struct{ x graph.TensorID }

func (s gate) Infer(sc *graph.Scope) error {
	x := sc.Want(s.x, 64, sc.Rows())
	sc.Out(0, graph.Activation, quant.F32, x.Shape...)
	return sc.Err()
}

func (s gate) Lower(e *graph.Emitter) {
	h := e.Temp("h", quant.F32, 64, e.Rows())
	e.Call(graph.OpSwiGLU, graph.Args{e.Step(), s.x, s.x, h}, 64)
	e.Call(graph.OpSwiGLU, graph.Args{e.Step(), h, h, e.Out(0)}, 64)
}

// catalog has every kernel, 16 output elements a workgroup.
type catalog struct{}

func (catalog) Lookup(graph.Kernel) (graph.KernelInfo, bool) {
	return graph.KernelInfo{Tile: [3]uint32{16, 1, 1}, Local: 32}, true
}

// A stage becomes a plan: a kernel for each call, workgroups from the work, a
// barrier where one dispatch reads what another writes. An edge of a wrong shape
// is named.
func Example() {
	g := graph.New("small", graph.StepLayout{Rows: 2, Outs: 1, Pages: 1})
	x := g.Tensor(graph.Tensor{Name: "x", Shape: graph.Shape{64, 2}, Type: quant.F32, Role: graph.Input})
	g.Add(graph.Node{Name: "gate", Kind: "gate", Layer: -1, Stage: gate{x}, Out: []string{"y"}})
	p, err := graph.Compile(g, graph.Options{Kernels: catalog{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range p.Dispatches {
		fmt.Println(d.Kernel, d.Workgroups, "barrier before:", d.Barrier)
	}

	narrow := g.Tensor(graph.Tensor{Name: "narrow", Shape: graph.Shape{32, 2}, Type: quant.F32, Role: graph.Input})
	g.Add(graph.Node{Name: "wrong", Kind: "gate", Layer: -1, Stage: gate{narrow}, Out: []string{"y"}})
	_, err = graph.Compile(g, graph.Options{Kernels: catalog{}})
	fmt.Println(err)
	// Output:
	// swiglu[F32] [4 2 1] barrier before: false
	// swiglu[F32] [4 2 1] barrier before: true
	// compile small: infer: wrong: tensor narrow has shape {32, 2}, wanted {64, 2}
}
