package engine

import (
	"context"
	"fmt"
	"time"

	"moeflow/graph"
)

// BenchPrefill times the computation of n tokens behind depth others, which
// are computed first and not timed.
func (e *Engine) BenchPrefill(ctx context.Context, n, depth int) (time.Duration, error) {
	if n < 1 || n+depth > e.Context {
		return 0, fmt.Errorf("%d tokens at depth %d do not fit a context of %d", n, depth, e.Context)
	}
	s := e.NewSequence()
	defer s.Close()
	if depth > 0 {
		if _, err := s.prefill(ctx, e.benchTokens(depth, 1), readSampled, nil); err != nil {
			return 0, err
		}
	}
	start := time.Now()
	_, err := s.prefill(ctx, e.benchTokens(n, 2), readSampled, nil)
	return time.Since(start), err
}

// BenchDecode times n greedy steps of batch sequences, each behind depth tokens
// (at least one). The engine needs a bucket of batch rows and outputs.
func (e *Engine) BenchDecode(ctx context.Context, batch, n, depth int) (time.Duration, error) {
	depth = max(1, depth)
	plan := e.bucket(batch)
	if b := e.buckets[plan]; b.Rows < batch || b.Outs < batch {
		return 0, fmt.Errorf("no step size for a batch of %d", batch)
	}
	if n < 1 || n+depth > e.Context || batch*pages(n+depth) > e.Pool.Pages() {
		return 0, fmt.Errorf("%d sequences of %d tokens do not fit a kv cache of %d positions", batch, n+depth, e.Context)
	}
	seqs := make([]*Sequence, batch)
	for i := range seqs {
		seqs[i] = e.NewSequence()
		defer seqs[i].Close()
		if _, err := seqs[i].prefill(ctx, e.benchTokens(depth, uint64(i)), readSampled, nil); err != nil {
			return 0, err
		}
	}
	outs := make([]uint32, batch)
	for i := range outs {
		outs[i] = uint32(i)
	}
	var list []uint32
	rows := make([]graph.StepRow, 0, batch)
	start, inFlight := time.Now(), 0
	for step := range n {
		if err := ctx.Err(); err != nil {
			return 0, e.drain(inFlight, err)
		}
		if inFlight == e.slots {
			if _, err := e.next(); err != nil {
				return 0, err
			}
			inFlight--
		}
		list, rows = list[:0], rows[:0]
		for i, s := range seqs {
			token := uint32(graph.FromSampled | i)
			if step == 0 {
				token = uint32(i % e.Model.Vocab)
			}
			at := s.Len()
			if err := e.Pool.Append(s.id, 1); err != nil {
				return 0, e.drain(inFlight, err)
			}
			rows = append(rows, graph.StepRow{Token: token, Position: uint32(at), Pages: uint32(len(list)), Slot: uint32(i)})
			list = append(list, e.Pool.Table(s.id)...)
		}
		if err := e.enqueue(plan, rows, outs, list, readSampled); err != nil {
			return 0, err
		}
		inFlight++
	}
	err := e.drain(inFlight, nil)
	return time.Since(start), err
}

// benchTokens are n pseudo-random tokens.
func (e *Engine) benchTokens(n int, seed uint64) []int32 {
	ids, x := make([]int32, n), seed*0x9e3779b97f4a7c15+1
	for i := range ids {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		ids[i] = int32(x % uint64(e.Model.Vocab))
	}
	return ids
}

// DecodeBytes is how many bytes of weights and kv cache one decode step of one
// sequence reads at a depth: every matrix once, of the experts the share that a
// row uses, of the embedding table one row.
func (e *Engine) DecodeBytes(depth int) uint64 {
	var sum uint64
	for i := range e.Plans[0].Dispatches {
		sum += e.dispatchBytes(&e.Plans[0].Dispatches[i], depth)
	}
	return sum
}

func (e *Engine) dispatchBytes(d *graph.Dispatch, depth int) uint64 {
	var sum uint64
	for _, a := range d.Args {
		if a.Tensor == graph.NoTensor || a.Access == graph.ReadWrite {
			continue
		}
		t := &e.Plans[0].Tensors[a.Tensor]
		switch {
		case t.Role == graph.State && len(t.Shape) == 2: // kv cache
			sum += t.Bytes / t.Shape[1] * uint64(depth+1)
		case t.Role != graph.Weight:
		case d.Kernel.Op == graph.OpEmbed:
			sum += t.Bytes / t.Shape[1]
		case len(t.Shape) == 3:
			sum += t.Bytes / t.Shape[2] * uint64(e.Model.TopK)
		default:
			sum += t.Bytes
		}
	}
	return sum
}

// PlanFor is the plan that a step of so many rows uses.
func (e *Engine) PlanFor(rows int) *graph.Plan { return e.Plans[e.bucket(rows)] }

// Bandwidth measures the device's memory bandwidth in GB/s, counting bytes read
// and written.
func (e *Engine) Bandwidth() (float64, error) { return e.rt.Bandwidth() }
