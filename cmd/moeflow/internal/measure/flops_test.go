package measure

import (
	"context"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/graph"
)

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
		want += plan.Dispatches[i].FLOPs(graph.StepCounts{Rows: 7, Outs: 1, Depth: 4, TopK: e.Model.TopK})
	}
	if got != want || want <= 0 {
		t.Errorf("%.0f operations, want %.0f", got, want)
	}
}
