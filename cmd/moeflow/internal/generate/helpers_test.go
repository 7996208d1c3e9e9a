package generate

import (
	"context"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/stages/sample"
)

// TestMain fails if a test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quick is a model whose steps take little time; blocky has the types that GPUs
// have kernels of their own for.
var (
	quick  = testmodel.Synth{Name: "quick", Layers: 2, Hidden: 64, Heads: 2, KV: 1, Dim: 64, Experts: 4, TopK: 2, Width: 32, Vocab: 301, Kind: quant.Q8_0}
	blocky = testmodel.Synth{Name: "blocky", Layers: 2, Hidden: 256, Heads: 4, KV: 1, Dim: 64, Experts: 4, TopK: 2, Width: 256, Vocab: 301, Kind: quant.Q4_K,
		Kinds: map[string]quant.Type{"output": quant.Q6_K, "blk.0.ffn_down_exps": quant.Q6_K}}
)

// loop starts a loop until the test ends.
func loop(t testing.TB, e *engine.Engine, o Options) *Loop {
	t.Helper()
	l, err := Start(e, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// ask submits a request that must be taken.
func ask(t testing.TB, l *Loop, ctx context.Context, r Request) *Stream {
	t.Helper()
	s, err := l.Submit(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answer waits for a request that must not fail.
func answer(t testing.TB, l *Loop, r Request) Result {
	t.Helper()
	res := ask(t, l, context.Background(), r).Result()
	if res.Err != nil {
		t.Fatal(res.Err)
	}
	return res
}

// plain is a greedy request that goes on past the end of the text.
func plain(ids []int32, n int) Request {
	return Request{IDs: ids, MaxTokens: n, Sampling: sample.Greedy(), IgnoreEOG: true}
}

// greedy generates n tokens behind a prompt, by a loop of its own.
func greedy(t *testing.T, e *engine.Engine, ids []int32, n int) []int32 {
	t.Helper()
	r, err := One(context.Background(), e, plain(ids, n))
	if err != nil {
		t.Fatal(err)
	}
	return r.IDs
}

// logitsOf computes the logits of a whole prompt.
func logitsOf(t *testing.T, e *engine.Engine, ids []int32) map[int][]float32 {
	t.Helper()
	got := map[int][]float32{}
	err := measure.Logits(context.Background(), e, ids, func(pos int, row []float32) error {
		got[pos] = slices.Clone(row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// unused fails if anything is left in the kv cache.
func unused(t *testing.T, e *engine.Engine) {
	t.Helper()
	if e.Pool.FreePositions() != e.Pool.Pages()*engine.PageSize {
		t.Fatalf("%d of %d positions are free afterwards", e.Pool.FreePositions(), e.Pool.Pages()*engine.PageSize)
	}
}
