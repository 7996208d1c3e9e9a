package generate

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/graph"
	"moeflow/graph/backend"
)

// idle is a device that computes nothing: every token is 0.
type idle struct{ input, sampled []byte }

func (p *idle) Input(int, string) ([]byte, error)        { return p.input, nil }
func (p *idle) Submit(int, graph.Ticket) error           { return nil }
func (p *idle) Wait(context.Context, graph.Ticket) error { return nil }
func (p *idle) Read(int, graph.TensorID) ([]byte, error) { return p.sampled, nil }

func (p *idle) Info() backend.Info                               { return backend.Info{Name: "idle", Kind: "other"} }
func (p *idle) Upload([]backend.Weight, func(_, _ uint64)) error { return nil }
func (p *idle) Close() error                                     { return nil }

func (p *idle) Load(plans []*graph.Plan, _ int) ([]backend.Program, error) {
	var out []backend.Program
	for _, x := range plans {
		out = append(out, &idle{make([]byte, x.Tensors[x.Find("step")].Bytes), make([]byte, 4*512)})
	}
	return out, nil
}

// idleEngine has plans for a batch and no device.
func idleEngine(tb testing.TB, m *model.Model, sequences, length int) *engine.Engine {
	return enginetest.Start(tb, m, engine.Plans{Batch: true, Deterministic: true, Sequences: sequences, Context: length, BeyondModel: true, Cache: sequences * length},
		func(o *engine.Options) { o.Load.Open = func(bool) (backend.Device, error) { return &idle{}, nil } })
}

// BenchmarkBatchStep is what the host does for one decode step of a batch of
// greedy sequences, 512 positions deep in the middle: choosing its rows, writing
// them, and taking the tokens.
func BenchmarkBatchStep(b *testing.B) {
	m := testmodel.Tiny(b)
	for _, n := range []int{1, 8, 32, 128} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			e := idleEngine(b, m, n, 1024)
			enough := errors.New("enough")
			left, key := b.N, 0
			b.ReportAllocs()
			b.ResetTimer()
			err := Batch(context.Background(), e, BatchOptions{OnStep: func(Stats) { left-- }}, func() (*BatchRequest, error) {
				if key++; left < 0 {
					return nil, enough
				}
				return &BatchRequest{key, plain([]int32{1, 2, int32(key % 99)}, 1+(1019+1020*key/n)%1020)}, nil
			}, func(BatchResult) error { return nil })
			if err != enough {
				b.Fatal(err)
			}
		})
	}
}
