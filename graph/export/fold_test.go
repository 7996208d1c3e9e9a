package export_test

import (
	"fmt"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/export"
)

// counter is a stage whose call has its layer's number as a parameter.
type counter struct {
	ids, counts graph.TensorID
	layer       int
}

func (s counter) Infer(sc *graph.Scope) error {
	sc.In(s.ids)
	sc.In(s.counts)
	return sc.Err()
}

func (s counter) Lower(e *graph.Emitter) {
	e.Call(graph.OpExpertCount, graph.Args{e.Step(), s.ids, s.counts}, 8, 2, float64(s.layer))
}

// TestLayersNumberThemselves: layers that differ only in a parameter that is
// their own number are equal; with any other number they are not.
func TestLayersNumberThemselves(t *testing.T) {
	for off, want := range []int{1, 3} {
		g := graph.New("count", graph.StepLayout{Rows: 1, Outs: 1, Pages: 1})
		ids := g.Tensor(graph.Tensor{Name: "ids", Shape: graph.Shape{2, 1}, Type: quant.U32, Role: graph.Input})
		counts := g.Tensor(graph.Tensor{Name: "counts", Shape: graph.Shape{8, 4}, Type: quant.U32, Role: graph.State})
		for i := range 3 {
			g.Add(graph.Node{Name: fmt.Sprintf("blk.%d.count", i), Kind: "count", Layer: i, Stage: counter{ids, counts, i + off}})
		}
		p, err := graph.Compile(g, graph.Options{Kernels: kernels{}})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(read(t, p, export.Options{Level: "dispatch"}).Nodes); n != want {
			t.Errorf("numbers %d off: %d boxes, wanted %d", off, n, want)
		}
	}
}
