package measure

import (
	"context"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/graph"
)

// TestDispatchFLOPs counts by hand.
func TestDispatchFLOPs(t *testing.T) {
	for _, c := range []struct {
		op     graph.Op
		params []uint32
		want   float64
	}{
		{graph.OpMatVec, []uint32{4096, 2048, graph.StepRows}, 2 * 4096 * 2048 * 512},
		{graph.OpNormMatVec, []uint32{2048, 151936, graph.StepOuts, 0}, 2 * 2048 * 151936 * 3},
		{graph.OpRouterAhead, []uint32{2048, 128, 4096}, 2 * (2048 + 4096) * 128 * 512},
		{graph.OpExpertMatMul, []uint32{768, 2048, 0, 1}, 2 * 768 * 2048 * 512 * 8},
		{graph.OpExpertMatMulSwiGLU, []uint32{2048, 768, 0, 8}, 4 * 768 * 2048 * 512 * 8},
		{graph.OpExpertGateUp, []uint32{2048, 768, 8}, 4 * 768 * 2048 * 512 * 8},
		{graph.OpExpertDown, []uint32{768, 2048, 8}, 2 * 768 * 2048 * 512 * 8},
		// Row i of 512 behind 100 sees 101 + i positions: 512·100 + 512·513/2.
		{graph.OpAttention, []uint32{32, 4, 128, 64, 0}, 4 * 32 * 128 * (51200 + 131328)},
		{graph.OpSwiGLU, []uint32{768}, 0},
	} {
		d := graph.Dispatch{Kernel: graph.Kernel{Op: c.op}, Params: c.params}
		if got := dispatchFLOPs(&d, 512, 3, 100, 8); got != c.want {
			t.Errorf("%s: %.0f operations, want %.0f", c.op, got, c.want)
		}
	}
}

// TestProfilePromptFLOPs: a prompt's profile counts the products of the rows that
// the step computes, whatever kernels the plan has.
func TestProfilePromptFLOPs(t *testing.T) {
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Buckets: enginetest.Buckets(1, 1, 8, 1), Context: 128}, enginetest.Timestamps)
	ks, err := ProfilePrompt(context.Background(), e, 7, 4)
	if err != nil {
		t.Fatal(err)
	}
	got, want := 0.0, 0.0
	for _, k := range ks {
		got += k.FLOPs
	}
	plan := e.Plans[e.Bucket(7)]
	for i := range plan.Dispatches {
		want += dispatchFLOPs(&plan.Dispatches[i], 7, 1, 4, e.Model.TopK)
	}
	if got != want || want <= 0 {
		t.Errorf("%.0f operations, want %.0f", got, want)
	}
}
