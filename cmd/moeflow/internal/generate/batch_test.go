package generate

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/stages/sample"
)

// startBatch opens a model for a deterministic batch.
func startBatch(t *testing.T, s testmodel.Synth, o engine.Plans, change ...func(*engine.Options)) *engine.Engine {
	t.Helper()
	m, err := s.Model(t)
	if err != nil {
		t.Fatal(err)
	}
	o.Batch, o.Deterministic, o.Context = true, true, 256
	return enginetest.Start(t, m, o, change...)
}

// answers runs a batch of prompts in the order given and returns the results by
// key.
func answers(t *testing.T, e *engine.Engine, o BatchOptions, prompts []*BatchRequest) map[int]BatchResult {
	t.Helper()
	return results(t, e, o, oneByOne(prompts), len(prompts))
}

// results runs a batch that has n prompts.
func results(t *testing.T, e *engine.Engine, o BatchOptions, next func() (*BatchRequest, error), n int) map[int]BatchResult {
	t.Helper()
	got := map[int]BatchResult{}
	err := Batch(context.Background(), e, o, next, func(r BatchResult) error {
		if _, twice := got[r.Key]; twice {
			return fmt.Errorf("prompt %d has two results", r.Key)
		}
		got[r.Key] = r
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != n {
		t.Fatalf("%d results, want %d", len(got), n)
	}
	unused(t, e)
	return got
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
func manyPrompts(e *engine.Engine, n, longest, generate int) []*BatchRequest {
	common := measure.Tokens(e.Model.Vocab, engine.PageSize+5, 99)
	var out []*BatchRequest
	for i := range n {
		p := &BatchRequest{i, plain(measure.Tokens(e.Model.Vocab, 1+i*i*7%longest, uint64(i)), 1+i*5%generate)}
		p.IgnoreEOG = i%8 != 0
		if i%3 == 0 {
			p.IDs = slices.Concat(common, p.IDs)
		}
		switch i % 4 {
		case 1:
			p.Sampling.Temperature, p.Sampling.Seed = 0.9, uint64(i)
			p.Sampling.RepeatPenalty, p.Sampling.PresencePenalty, p.Sampling.FrequencyPenalty = 1.2, 0.5, 0.1
		case 2:
			p.Sampling = sample.Params{Temperature: 0.7, TopK: 20, TopP: 0.8, RepeatPenalty: 1.05, RepeatLastN: 5, Seed: uint64(i)}
		case 3:
			p.LogProbs, p.Top = true, i%5
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
		for _, x := range []*BatchResult{&r, &w} {
			x.Reused, x.Queued, x.Prefill, x.Decode = 0, 0, 0, 0
		}
		if !reflect.DeepEqual(r, w) {
			t.Errorf("%s: prompt %d has\n%+v, want\n%+v", what, key, r, w)
		}
	}
}

// TestBatchSameText: a prompt's tokens and their probabilities are the same, to
// the bit, alone and among others, in any order, with its beginning computed or
// shared, in chunks of any size, with sequences that give their place up for want
// of memory, and with several batches in flight; with the kernels of any device,
// and where steps of prompts have others than decode steps.
func TestBatchSameText(t *testing.T) {
	few := enginetest.Buckets(8, 8, 128, 64) // a kernel's choice falls between them
	type job struct {
		model   testmodel.Synth
		n       int
		o       engine.Plans
		apart   bool
		buckets []engine.Bucket // other chunks, the same kernels
	}
	jobs := []job{
		{quick, 64, engine.Plans{Sequences: 64, Sampler: true, SamplerOnCPU: true}, false, enginetest.Buckets(64, 64, 128, 64)},
		{quick, 18, engine.Plans{Sequences: 8, Buckets: few, Sampler: true, SamplerOnCPU: true}, true, enginetest.Buckets(2, 2, 8, 8, 128, 64, 256, 64)},
		{blocky, 6, engine.Plans{Sequences: 8, Buckets: few, Sampler: true, SamplerOnCPU: true, Pretend: []string{"gpu", "shared48"}}, true, nil},
		{blocky, 6, engine.Plans{Sequences: 32, Buckets: enginetest.Buckets(32, 32, 128, 64), Pretend: []string{"gpu", "shared48"}}, true, nil},
	}
	if kind := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 64}).Device.Kind; kind != "cpu" { // its own kernels
		jobs = nil
		for _, sequences := range []int{4, 16, 64, 128} {
			jobs = append(jobs, job{model: blocky, n: 64, o: engine.Plans{Sequences: sequences, Sampler: sequences != 16}})
		}
	}
	for _, c := range jobs {
		begin := time.Now()
		e := startBatch(t, c.model, c.o)
		if c.apart != e.Steps.Apart && e.Device.Kind == "cpu" {
			t.Fatalf("steps %+v", e.Steps)
		}
		prompts := manyPrompts(e, c.n, 30, 4+c.n/8)
		want := answers(t, e, BatchOptions{}, prompts)
		for _, p := range prompts[:c.n/3] {
			e.Pool.Forget()
			same(t, "alone", answers(t, e, BatchOptions{}, []*BatchRequest{p}), want)
		}
		rand.New(rand.NewPCG(1, 2)).Shuffle(c.n, func(i, j int) { prompts[i], prompts[j] = prompts[j], prompts[i] })
		reused := 0
		got := answers(t, e, BatchOptions{Sequences: 7, Window: 3}, prompts)
		for _, r := range got {
			reused += r.Reused
		}
		if least := (c.n/3 - 1) * engine.PageSize; reused < least {
			t.Errorf("%d tokens were shared, want at least %d", reused, least)
		}
		same(t, "shuffled", got, want)
		for _, slots := range []int{2, 4} {
			o := c.o
			o.Cache = 64 * 9
			if slots == 4 && c.buckets != nil {
				o.Cache, o.Buckets = 0, slices.Clone(c.buckets)
			}
			same(t, fmt.Sprintf("cache of %d, %d in flight, steps %v", o.Cache, slots, o.Buckets), answers(t, startBatch(t, c.model, o, enginetest.Slots(slots)), BatchOptions{}, prompts), want)
		}
		t.Log(c.model.Name, time.Since(begin))
	}
}

// TestBatchGivesUp: where prompts that end early are followed by some that do
// not, the cache is too small for all that were let in; those that give their
// place up have the same text in the end.
func TestBatchGivesUp(t *testing.T) {
	const short, all = 7, 13
	ended := make(chan struct{}, short)
	prompts := func(e *engine.Engine) (list []*BatchRequest, tokens uint64) {
		for i := range all {
			p := &BatchRequest{i, plain(measure.Tokens(e.Model.Vocab, 5+i, uint64(i)), 70+5*i)}
			if i < short {
				p.Stop = func(int32) bool {
					ended <- struct{}{}
					return true
				}
			}
			if i%3 == 0 {
				p.Sampling.Temperature, p.Sampling.Seed = 1, uint64(i)
				p.Sampling.RepeatPenalty, p.Sampling.RepeatLastN, p.Sampling.FrequencyPenalty = 1.3, 20+i, 0.2
			}
			list, tokens = append(list, p), tokens+uint64(len(p.IDs))
		}
		return list, tokens
	}
	var want map[int]BatchResult
	for i, o := range []engine.Plans{{}, {Cache: 7 * engine.PageSize}, {Cache: 7 * engine.PageSize, Buckets: enginetest.Buckets(8, 8, 128, 64)}} {
		o.Sequences, o.Sampler, o.SamplerOnCPU = 8, true, true
		e := startBatch(t, quick, o, enginetest.Slots(1+i))
		list, tokens := prompts(e)
		given, next := 0, oneByOne(list)
		var last Stats
		got := results(t, e, BatchOptions{OnStep: func(s Stats) { last = s }}, func() (*BatchRequest, error) {
			if given++; given == short+1 { // the scheduler has learned that answers are short
				for range short {
					<-ended
				}
			}
			return next()
		}, all)
		if again := last.PromptTokens > tokens; again != (o.Cache > 0) {
			t.Errorf("cache of %d: %d tokens of prompts computed, they have %d", o.Cache, last.PromptTokens, tokens)
		}
		if want == nil {
			want = got
		}
		same(t, fmt.Sprintf("cache of %d", o.Cache), got, want)
	}
}

// TestBatchAsOne: a batch gives each prompt what it gets alone.
func TestBatchAsOne(t *testing.T) {
	e := startBatch(t, quick, engine.Plans{Sequences: 8, Buckets: enginetest.Buckets(64, 64)})
	prompts := manyPrompts(e, 16, 100, 12)
	for _, r := range answers(t, e, BatchOptions{}, prompts) {
		p := prompts[r.Key]
		want, err := One(context.Background(), e, p.Request)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(r.IDs, want.IDs) || r.Finish != want.Finish || r.Prompt != len(p.IDs) {
			t.Errorf("prompt %d of %d tokens: %v, %s; alone %v, %s", p.Key, len(p.IDs), r.IDs, r.Finish, want.IDs, want.Finish)
		}
	}
}
