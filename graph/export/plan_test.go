package export_test

import (
	"fmt"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
)

// half is a stage y = x + v·(u·x), where v·… runs for itself: two products of
// one input, a state in between, a residual.
type half struct{ x, norm, u, v, w, state graph.TensorID }

func (s half) Infer(sc *graph.Scope) error {
	x := sc.In(s.x)
	for _, id := range []graph.TensorID{s.norm, s.u, s.v, s.w, s.state} {
		sc.In(id)
	}
	sc.Out(0, graph.Activation, quant.F32, x.Shape...)
	return sc.Err()
}

func (s half) Lower(e *graph.Emitter) {
	n := func(name string) graph.TensorID { return e.Temp(name, quant.F32, 256, e.Rows()) }
	h, a, b, g := n("h"), n("a"), n("b"), n("g")
	e.Call(graph.OpRMSNorm, graph.Args{e.Step(), s.x, s.norm, h}, 256, 0, 1e-6)
	e.Call(graph.OpLinear, graph.Args{e.Step(), s.u, h, graph.NoTensor, a}, 256, 256, 0)
	e.Call(graph.OpLinear, graph.Args{e.Step(), s.v, h, graph.NoTensor, b}, 256, 256, 0)
	e.Call(graph.OpSwiGLU, graph.Args{e.Step(), a, b, g}, 256)
	e.Call(graph.OpLinear, graph.Args{e.Step(), s.w, g, s.x, e.Out(0)}, 256, 256, 0)
}

// enter is a stage y = norm(x).
type enter struct{ x, norm graph.TensorID }

func (s enter) Infer(sc *graph.Scope) error {
	sc.In(s.norm)
	sc.Out(0, graph.Activation, quant.F32, sc.In(s.x).Shape...)
	return sc.Err()
}

func (s enter) Lower(e *graph.Emitter) {
	e.Call(graph.OpRMSNorm, graph.Args{e.Step(), s.x, s.norm, e.Out(0)}, 256, 0, 1e-6)
}

// last is a stage that picks a token.
type last struct{ x, sampled graph.TensorID }

func (s last) Infer(sc *graph.Scope) error {
	sc.In(s.x)
	sc.In(s.sampled)
	return sc.Err()
}

func (s last) Lower(e *graph.Emitter) {
	e.Call(graph.OpArgMax, graph.Args{e.Step(), s.x, s.sampled}, 256)
}

// kernels has every kernel; a workgroup makes 64 outputs.
type kernels struct{}

func (kernels) Lookup(graph.Kernel) (graph.KernelInfo, bool) {
	return graph.KernelInfo{Tile: [3]uint32{64, 1, 1}, Local: 32}, true
}

// small compiles a plan of one layer for each type, the type being that of the
// layer's third matrix. extra is put into every name.
func small(t testing.TB, g graph.Granularity, extra string, types ...quant.Type) *graph.Plan {
	t.Helper()
	b := graph.New("small"+extra, graph.StepLayout{Rows: 2, Outs: 1, Pages: 1})
	x := b.Tensor(graph.Tensor{Name: "x" + extra, Shape: graph.Shape{256, 2}, Type: quant.F32, Role: graph.Input})
	state := b.Tensor(graph.Tensor{Name: "sampled" + extra, Shape: graph.Shape{1}, Type: quant.U32, Role: graph.State})
	first := b.Tensor(graph.Tensor{Name: "norm" + extra, Shape: graph.Shape{256}, Type: quant.F32, Role: graph.Weight})
	x = b.Add(graph.Node{Name: "enter" + extra, Kind: "enter", Layer: -1, Out: []string{"x" + extra}, Stage: enter{x, first}})[0]
	for i, typ := range types {
		w := func(name string, typ quant.Type, shape ...uint64) graph.TensorID {
			return b.Tensor(graph.Tensor{Name: fmt.Sprintf("blk.%d.%s%s.weight", i, name, extra), Shape: shape, Type: typ, Role: graph.Weight})
		}
		x = b.Add(graph.Node{Name: fmt.Sprintf("blk.%d.half%s", i, extra), Kind: "half" + extra, Layer: i, Out: []string{"y" + extra},
			Stage: half{x, w("norm", quant.F32, 256), w("up", quant.Q4_K, 256, 256), w("gate", quant.Q4_K, 256, 256), w("down", typ, 256, 256), state}})[0]
	}
	b.Add(graph.Node{Name: "sample" + extra, Kind: "sample", Layer: -1, Stage: last{x, state}})
	p, err := graph.Compile(b, graph.Options{Kernels: kernels{}, Granularity: g, NoFuse: true})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// mixed has four layers, of which the third differs in one type.
func mixed(t testing.TB) *graph.Plan {
	return small(t, graph.PerDevice, "", quant.Q4_K, quant.Q4_K, quant.Q6_K, quant.Q4_K)
}
