package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/flow"
	"moeflow/stages/kvcache"
	"moeflow/stages/sample"
	"moeflow/vk/shaders"
)

// idle is a program that computes nothing: every token is 0.
type idle struct{ input, sampled []byte }

func (p *idle) Input(int, string) ([]byte, error)        { return p.input, nil }
func (p *idle) Submit(int, graph.Ticket) error           { return nil }
func (p *idle) Wait(context.Context, graph.Ticket) error { return nil }
func (p *idle) Read(int, graph.TensorID) ([]byte, error) { return p.sampled, nil }

// idleEngine has plans for a batch and no device.
func idleEngine(tb testing.TB, m *model.Model, sequences, length int) *Engine {
	o := Options{Batch: true, Deterministic: true, Sequences: sequences, Context: length, Cache: sequences * length, KVType: quant.F16,
		Buckets: BatchBuckets(sequences, true), Slots: 2}
	plans, err := compile(m, o.planOptions(shaders.Catalog()))
	if err != nil {
		tb.Fatal(err)
	}
	e := &Engine{Model: m, Plans: plans, Context: length, Sequences: sequences, buckets: o.Buckets, list: o.listPages(), slots: 2, groups: 1,
		steps: steadyPlans(plans, sequences)}
	if e.Pool, err = kvcache.New(pages(o.Cache), PageSize); err != nil {
		tb.Fatal(err)
	}
	for range plans {
		words := graph.StepLayout{Rows: 2048, Outs: 512, Pages: e.list}.Words()
		e.programs = append(e.programs, &idle{make([]byte, 4*words), make([]byte, 4*512)})
	}
	e.backend = newBackend(e.programs, 1)
	e.flow = flow.Start(context.Background(), 1, e.slots, e.backend, flow.Hooks{})
	tb.Cleanup(func() {
		if err := e.flow.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// BenchmarkBatchStep is what the host does for one decode step of a batch of
// greedy sequences, 512 positions deep in the middle: choosing its rows, writing
// them, and taking the tokens.
func BenchmarkBatchStep(b *testing.B) {
	m, err := model.Open(testmodel.TinyPath)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	for _, n := range []int{8, 32, 128} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			e := idleEngine(b, m, n, 1024)
			enough := errors.New("enough")
			left, key := b.N, 0
			b.ReportAllocs()
			b.ResetTimer()
			err := e.Batch(context.Background(), BatchOptions{OnStep: func(BatchStats) { left-- }}, func() (*BatchRequest, error) {
				if key++; left < 0 {
					return nil, enough
				}
				return &BatchRequest{Key: key, IDs: []int32{1, 2, int32(key % 99)}, MaxTokens: 1 + 1020*key/n%1020, Sampling: sample.Greedy(), IgnoreEOG: true, LogProbs: -1}, nil
			}, func(BatchResult) error { return nil })
			if err != enough {
				b.Fatal(err)
			}
		})
	}
}
