package observe

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/generate"
	"moeflow/stages/sample"
)

// TestMain fails if a test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// greedy generates n tokens behind a prompt.
func greedy(t *testing.T, e *engine.Engine, ids []int32, n int) []int32 {
	t.Helper()
	r, err := generate.One(context.Background(), e, generate.Request{IDs: ids, MaxTokens: n, Sampling: sample.Greedy(), IgnoreEOG: true})
	if err != nil {
		t.Fatal(err)
	}
	return r.IDs
}
