package engine

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"moeflow/stages/sample"
)

// answers runs a batch of prompts in the order given and returns the results by
// key.
func answers(t *testing.T, e *Engine, o BatchOptions, prompts []*BatchRequest) map[int]BatchResult {
	t.Helper()
	got := map[int]BatchResult{}
	err := e.Batch(context.Background(), o, list(prompts), func(r BatchResult) error {
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
	if e.Pool.FreePositions() != e.Pool.Pages()*PageSize {
		t.Fatalf("%d of %d positions are free after a batch", e.Pool.FreePositions(), e.Pool.Pages()*PageSize)
	}
	return got
}

// list gives prompts one by one.
func list(prompts []*BatchRequest) func() (*BatchRequest, error) {
	return func() (*BatchRequest, error) {
		if len(prompts) == 0 {
			return nil, nil
		}
		p := prompts[0]
		prompts = prompts[1:]
		return p, nil
	}
}

// mixedPrompts are n prompts of many lengths and kinds of sampling.
func mixedPrompts(e *Engine, n, longest, generate int) []*BatchRequest {
	var out []*BatchRequest
	for i := range n {
		p := &BatchRequest{Key: i, IDs: e.benchTokens(1+i*i*7%longest, uint64(i)), MaxTokens: 1 + (i*5)%generate, Sampling: sample.Greedy(), IgnoreEOG: true, LogProbs: -1}
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

// TestBatchAsAlone: prompts of a batch get what Generate gives each of them.
func TestBatchAsAlone(t *testing.T) {
	e := start(t, tiny(t), Options{Batch: true, Sequences: 8, Context: 256})
	prompts := mixedPrompts(e, 24, 150, 12)
	got := answers(t, e, BatchOptions{}, prompts)
	for _, p := range prompts {
		s := e.NewSequence()
		want, err := s.Generate(context.Background(), Request{IDs: p.IDs, MaxTokens: p.MaxTokens, Sampling: p.Sampling, IgnoreEOG: true})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if r := got[p.Key]; !slices.Equal(r.IDs, want.IDs) || r.Finish != want.Finish || r.Prompt != len(p.IDs) {
			t.Errorf("prompt %d of %d tokens: %v, %s; alone %v, %s", p.Key, len(p.IDs), r.IDs, r.Finish, want.IDs, want.Finish)
		}
	}
}
