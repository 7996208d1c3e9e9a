package measure

import (
	"context"
	"slices"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/graph"
)

// TestLoopLeavesTheFlowRight: the loop decodes the tokens that the flow decodes,
// and the flow goes on behind it, at every granularity.
func TestLoopLeavesTheFlowRight(t *testing.T) {
	ctx, g := context.Background(), testmodel.Goldens(t)
	for _, cut := range []graph.Granularity{graph.PerStage, graph.PerLayer, graph.PerDevice} {
		e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 256, Granularity: cut})
		var last [2]uint32
		bench, err := NewBench(ctx, e, 1, 3)
		if err != nil {
			t.Fatal(err)
		}
		for i, first := range []bool{false, true} {
			p, err := bench.Pair(ctx, 9, first)
			if err != nil || p.Flow <= 0 || p.Loop <= 0 {
				t.Fatalf("granularity %v: %+v, %v", cut, p, err)
			}
			b, err := e.Sampled(graph.Ticket{Slot: int((e.StepsBegun() - 1) % uint64(e.Slots))})
			if err != nil {
				t.Fatal(err)
			}
			last[i] = uint32(b[0]) | uint32(b[1])<<8
		}
		bench.Close()
		if last[0] != last[1] {
			t.Errorf("granularity %v: the loop's last token is %d, the flow's %d", cut, last[0], last[1])
		}
		if got := greedy(t, e, g["go_ids"].Int32, 16); !slices.Equal(got, g["go_greedy"].Int32[:16]) {
			t.Errorf("granularity %v: after the loop, greedy ids %v", cut, got)
		}
	}
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 64})
	bench, err := NewBench(ctx, e, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer bench.Close()
	if _, err := bench.loop(ctx, 64); err == nil {
		t.Error("more positions than the context has were taken")
	}
}
