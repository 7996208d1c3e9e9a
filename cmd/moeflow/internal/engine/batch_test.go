package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"moeflow/gguf/quant"
	"moeflow/stages/sample"
)

// quick is a model whose steps take little time.
var quick = synth{name: "quick", layers: 2, hidden: 256, heads: 4, kv: 2, dim: 64, experts: 8, topK: 2, width: 256, vocab: 301, kind: quant.Q4_K,
	kinds: map[string]quant.Type{"output": quant.Q6_K, "blk.0.ffn_down_exps": quant.Q6_K}}

// startQuick opens the quick model for a batch.
func startQuick(t *testing.T, o Options) *Engine {
	t.Helper()
	m, err := quick.model(t)
	if err != nil {
		t.Fatal(err)
	}
	o.Batch, o.Deterministic = true, true
	return start(t, m, o)
}

// answers runs a batch of prompts in the order given and returns the results by
// key.
func answers(t *testing.T, e *Engine, o BatchOptions, prompts []*BatchRequest) map[int]BatchResult {
	t.Helper()
	got := map[int]BatchResult{}
	err := e.Batch(context.Background(), o, oneByOne(prompts), func(r BatchResult) error {
		if _, twice := got[r.Key]; twice {
			return fmt.Errorf("prompt %d has two results", r.Key)
		}
		got[r.Key] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(prompts) {
		t.Fatalf("%d results, want %d", len(got), len(prompts))
	}
	unused(t, e)
	return got
}

// unused fails if a batch left anything in the kv cache.
func unused(t *testing.T, e *Engine) {
	t.Helper()
	if e.Pool.FreePositions() != e.Pool.Pages()*PageSize {
		t.Fatalf("%d of %d positions are free after a batch", e.Pool.FreePositions(), e.Pool.Pages()*PageSize)
	}
}

// oneByOne gives prompts in order.
func oneByOne(prompts []*BatchRequest) func() (*BatchRequest, error) {
	return func() (*BatchRequest, error) {
		if len(prompts) == 0 {
			return nil, nil
		}
		p := prompts[0]
		prompts = prompts[1:]
		return p, nil
	}
}

// manyPrompts are n prompts of up to longest tokens, of every kind of sampling.
// Every third begins like the others of its kind, for more than a page.
func manyPrompts(e *Engine, n, longest, generate int) []*BatchRequest {
	common := e.benchTokens(PageSize+5, 99)
	var out []*BatchRequest
	for i := range n {
		p := &BatchRequest{Key: i, IDs: e.benchTokens(1+i*i*7%longest, uint64(i)), MaxTokens: 1 + i*5%generate,
			Sampling: sample.Greedy(), IgnoreEOG: i%8 != 0, LogProbs: -1}
		if i%3 == 0 {
			p.IDs = slices.Concat(common, p.IDs)
		}
		switch i % 4 {
		case 1:
			p.Sampling.Temperature, p.Sampling.Seed = 0.9, uint64(i)
		case 3:
			p.LogProbs = i % 5
		}
		out = append(out, p)
	}
	return out
}

// same compares the results of two batches, but for what was shared.
func same(t *testing.T, what string, got, want map[int]BatchResult) {
	t.Helper()
	for key, r := range got {
		w := want[key]
		r.Reused, w.Reused = 0, 0
		if !reflect.DeepEqual(r, w) {
			t.Errorf("%s: prompt %d has\n%+v, want\n%+v", what, key, r, w)
		}
	}
}

// TestBatchSameText: a prompt's tokens and their probabilities are the same, to
// the bit, alone and among others, in any order, with its beginning computed or
// shared, in chunks of any size, with sequences thrown out for want of memory,
// and with several batches in flight; with the kernels of any device.
func TestBatchSameText(t *testing.T) {
	for _, pretend := range [][]string{nil, {"gpu", "shared48"}} {
		e := startQuick(t, Options{Sequences: 64, Context: 256, Pretend: pretend})
		n := 64
		if pretend != nil {
			n = 24
		}
		prompts := manyPrompts(e, n, 60, 12)
		want := answers(t, e, BatchOptions{}, prompts)
		for _, p := range prompts[:n/3] {
			e.Pool.Forget()
			same(t, "alone", answers(t, e, BatchOptions{}, []*BatchRequest{p}), want)
		}
		r := rand.New(rand.NewPCG(1, 2))
		r.Shuffle(n, func(i, j int) { prompts[i], prompts[j] = prompts[j], prompts[i] })
		same(t, "shuffled", answers(t, e, BatchOptions{Sequences: 7, Window: 3}, prompts), want)
		reused := 0
		for _, r := range answers(t, e, BatchOptions{}, prompts) {
			reused += r.Reused
		}
		if min := n / 3 * PageSize; reused < min {
			t.Errorf("%d tokens were shared, want at least %d", reused, min)
		}
		for _, o := range []Options{
			{Sequences: 16, Context: 256, Cache: 512, Slots: 2},
			{Sequences: 64, Context: 256, Slots: 4, Buckets: []Bucket{{64, 64}, {128, 64}}},
		} {
			o.Pretend = pretend
			other := startQuick(t, o)
			same(t, fmt.Sprintf("%+v", o), answers(t, other, BatchOptions{}, prompts), want)
		}
	}
}

// TestBatchAsGenerate: a batch gives what Generate gives for each prompt.
func TestBatchAsGenerate(t *testing.T) {
	e := startQuick(t, Options{Sequences: 8, Context: 256})
	prompts := manyPrompts(e, 16, 100, 12)
	for _, r := range answers(t, e, BatchOptions{}, prompts) {
		p := prompts[r.Key]
		s := e.NewSequence()
		want, err := s.Generate(context.Background(), Request{IDs: p.IDs, MaxTokens: p.MaxTokens, Sampling: p.Sampling, IgnoreEOG: p.IgnoreEOG})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if !slices.Equal(r.IDs, want.IDs) || r.Finish != want.Finish || r.Prompt != len(p.IDs) {
			t.Errorf("prompt %d of %d tokens: %v, %s; Generate gives %v, %s", p.Key, len(p.IDs), r.IDs, r.Finish, want.IDs, want.Finish)
		}
	}
}
