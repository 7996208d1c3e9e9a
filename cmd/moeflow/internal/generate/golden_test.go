package generate

import (
	"fmt"
	"slices"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/graph"
)

// checkRows compares the logits of the last positions of a prompt, which got
// holds by position, with the golden ones.
func checkRows(t *testing.T, prompt string, got map[int][]float32, least float64) {
	t.Helper()
	exact, hf := testmodel.Goldens(t)[prompt+"_exact"], testmodel.Goldens(t)[prompt+"_hf"]
	n, vocab := len(testmodel.Goldens(t)[prompt+"_ids"].Int32), exact.Shape[1]
	worst, sum := 1.0, 0.0
	for i := range exact.Shape[0] {
		pos := n - exact.Shape[0] + i
		row, want, other := got[pos], exact.Float32[i*vocab:(i+1)*vocab], hf.Float32[i*vocab:(i+1)*vocab]
		if row == nil {
			t.Fatalf("%s: no logits at position %d", prompt, pos)
		}
		c := testmodel.Cosine(row, want)
		worst, sum = min(worst, c), sum+c
		if c < least {
			t.Errorf("%s, position %d: cosine to exact %.6f, wanted %g", prompt, pos, c, least)
		}
		if least < 0.9999 {
			continue
		}
		if !testmodel.SameTop(row, want) {
			t.Errorf("%s, position %d: top token %d, exact has %d", prompt, pos, testmodel.Top(row), testmodel.Top(want))
		}
		if c, wanted := testmodel.Cosine(row, other), testmodel.Cosine(want, other)-1e-3; c < wanted {
			t.Errorf("%s, position %d: cosine to the float32 model %.6f, wanted %.6f", prompt, pos, c, wanted)
		}
	}
	t.Logf("%s: least cosine to exact %.8f, mean %.8f", prompt, worst, sum/float64(exact.Shape[0]))
}

// TestGolden is the promise of exactness on the shipped model: every golden
// position, and 64 greedy tokens, of prompts of one chunk.
func TestGolden(t *testing.T) {
	m := testmodel.Tiny(t)
	g := testmodel.Goldens(t)
	logits := enginetest.Start(t, m, engine.Plans{Buckets: engine.LogitsBuckets(), Context: 64, Without: []string{"q8", "f16"}})
	for _, prompt := range []string{"go", "chat"} {
		checkRows(t, prompt, logitsOf(t, logits, g[prompt+"_ids"].Int32), 0.9999)
	}
	e := enginetest.Start(t, m, engine.Plans{Without: []string{"q8", "f16"}})
	for _, prompt := range []string{"go", "chat"} {
		if got := greedy(t, e, g[prompt+"_ids"].Int32, 64); !slices.Equal(got, g[prompt+"_greedy"].Int32) {
			t.Errorf("%s: greedy ids\n got %v\nwant %v", prompt, got, g[prompt+"_greedy"].Int32)
		}
	}
}

// TestGoldenLong does the same with the long prompt, in chunks of 32 and deep in
// the kv cache. The prompt is computed once: its greedy continuation first, then
// the logits of the golden positions on top of what the sequence holds.
func TestGoldenLong(t *testing.T) {
	g := testmodel.Goldens(t)
	ids := g["long_ids"].Int32
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Buckets: enginetest.Buckets(1, 1, 32, 32, 512, 1), Without: []string{"q8", "f16"}})
	r := kept(t, e, plain(ids, 64))
	if !slices.Equal(r.IDs, g["long_greedy"].Int32) {
		t.Errorf("greedy ids\n got %v\nwant %v", r.IDs, g["long_greedy"].Int32)
	}
	t.Logf("prompt of %d tokens in %v", len(ids), r.Prefill)
	checkRows(t, "long", longRows(t, e), 0.9999)
}

// kept answers a request and leaves what was computed in the kv cache.
func kept(t *testing.T, e *engine.Engine, r Request) Result {
	t.Helper()
	l, err := Start(e, Options{Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	res := answer(t, l, r)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return res
}

// longRows is the logits of the long prompt's golden positions, in steps of 32
// on top of what the kv cache holds; e's first bucket has 32 outputs, or its
// second.
func longRows(t *testing.T, e *engine.Engine) map[int][]float32 {
	t.Helper()
	g := testmodel.Goldens(t)
	ids, plan := g["long_ids"].Int32, slices.IndexFunc(e.Buckets, func(b engine.Bucket) bool { return b.Outs == 32 })
	got := map[int][]float32{}
	first := len(ids) - g["long_exact"].Shape[0]
	id, chain := e.NewSequence(), e.Pool.Chain(ids)
	defer e.Pool.Free(id)
	if n := e.Pool.Resume(id, &chain, first, true); n != first {
		t.Fatalf("the kv cache keeps %d tokens, wanted %d", n, first)
	}
	outs := make([]uint32, 32)
	for i := range outs {
		outs[i] = uint32(i)
	}
	for pos := first; pos < len(ids); pos += 32 {
		if err := e.Pool.Append(id, 32); err != nil {
			t.Fatal(err)
		}
		rows := make([]graph.StepRow, 32)
		for i := range rows {
			rows[i] = graph.StepRow{Token: uint32(ids[pos+i]), Position: uint32(pos + i), Slot: uint32(i)}
		}
		if err := e.Enqueue(&engine.Step{Plan: plan, Rows: rows, Outs: outs, Pages: e.Pool.Table(id), Read: engine.ReadLogits}); err != nil {
			t.Fatal(err)
		}
		done, err := e.Next()
		if err != nil {
			t.Fatal(err)
		}
		list, err := e.Logits(done)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 32 {
			got[pos+i] = make([]float32, e.Model.Vocab)
			engine.Row(list, i, got[pos+i])
		}
	}
	return got
}

// TestCutsAndChunks: the granularity, the size of chunks, fusion and the steps
// in flight change nothing about the tokens.
func TestCutsAndChunks(t *testing.T) {
	m, g := testmodel.Tiny(t), testmodel.Goldens(t)
	var segments []int
	for i, o := range []engine.Plans{
		{Granularity: graph.PerDevice}, {Granularity: graph.PerLayer}, {Granularity: graph.PerStage},
		{Buckets: enginetest.Buckets(1, 1)}, {Buckets: enginetest.Buckets(3, 1)}, {Buckets: enginetest.Buckets(1, 1, 8, 8), NoFuse: true}, {},
	} {
		name := fmt.Sprintf("%s, buckets %v, fused %v, %d slots", o.Granularity, o.Buckets, !o.NoFuse, 2+i/3)
		o.Context = 128
		e := enginetest.Start(t, m, o, enginetest.Slots(2+i/3))
		if o.Granularity != "" {
			segments = append(segments, e.Segments())
		}
		for _, prompt := range []string{"go", "chat"} {
			if got := greedy(t, e, g[prompt+"_ids"].Int32, 16); !slices.Equal(got, g[prompt+"_greedy"].Int32[:16]) {
				t.Errorf("%s: %s continues with\n%v, wanted\n%v", name, prompt, got, g[prompt+"_greedy"].Int32[:16])
			}
		}
	}
	if segments[0] != 1 || segments[1] <= 1 || segments[2] <= segments[1] {
		t.Errorf("segments for device, layer and stage: %v, wanted one, more and most", segments)
	}
}

func TestQuantizedCache(t *testing.T) {
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Buckets: engine.LogitsBuckets(), Context: 64, KVType: quant.Q8_0})
	for _, prompt := range []string{"go", "chat"} {
		checkRows(t, prompt, logitsOf(t, e, testmodel.Goldens(t)[prompt+"_ids"].Int32), 0.999)
	}
}
