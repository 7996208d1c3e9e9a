package engine

import (
	"context"
	"fmt"
	"time"

	"moeflow/graph"
)

// Bench measures steps behind a number of tokens that are computed once and
// stay in the kv cache. Close gives their places back.
type Bench struct {
	e     *Engine
	depth int
	seqs  []*Sequence
}

// NewBench computes depth tokens, other ones for each of batch sequences.
func (e *Engine) NewBench(ctx context.Context, batch, depth int) (*Bench, error) {
	if batch*pages(depth+1) > e.Pool.Pages() {
		return nil, fmt.Errorf("%d sequences of %d tokens do not fit a kv cache of %d positions", batch, depth+1, e.Context)
	}
	b := &Bench{e: e, depth: depth}
	for i := range batch {
		s := e.NewSequence()
		b.seqs = append(b.seqs, s)
		if depth > 0 {
			if _, err := s.prefill(ctx, e.benchTokens(depth, uint64(i)), readSampled, nil); err != nil {
				b.Close()
				return nil, err
			}
		}
	}
	return b, nil
}

// Close gives the sequences' pages back.
func (b *Bench) Close() {
	for _, s := range b.seqs {
		s.Close()
	}
}

// rewind gives up what was computed behind the first depth tokens.
func (b *Bench) rewind() {
	for _, s := range b.seqs {
		s.ids = s.ids[:b.e.Pool.Truncate(s.id, b.depth)]
	}
}

// Prefill times the computation of n more tokens of the first sequence.
func (b *Bench) Prefill(ctx context.Context, n int) (time.Duration, error) {
	e := b.e
	if n < 1 || n+b.depth > e.Context {
		return 0, fmt.Errorf("%d tokens at depth %d do not fit a context of %d", n, b.depth, e.Context)
	}
	b.rewind()
	start := time.Now()
	_, err := b.seqs[0].prefill(ctx, e.benchTokens(n, 1<<32), readSampled, nil)
	return time.Since(start), err
}

// everyRow lists n rows as a step's outputs.
func everyRow(n int) []uint32 {
	outs := make([]uint32, n)
	for i := range outs {
		outs[i] = uint32(i)
	}
	return outs
}

// Decode times n greedy steps of all sequences. The engine needs a bucket of as
// many rows and outputs.
func (b *Bench) Decode(ctx context.Context, n int) (time.Duration, error) {
	e, batch := b.e, len(b.seqs)
	plan := e.bucket(batch)
	if k := e.buckets[plan]; k.Rows < batch || k.Outs < batch {
		return 0, fmt.Errorf("no step size for a batch of %d", batch)
	}
	if n < 1 || n+b.depth > e.Context || batch*pages(n+b.depth) > e.Pool.Pages() {
		return 0, fmt.Errorf("%d sequences of %d tokens do not fit a kv cache of %d positions", batch, n+b.depth, e.Context)
	}
	b.rewind()
	outs := everyRow(batch)
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
		var err error
		if rows, list, err = b.rows(step == 0, rows[:0], list[:0]); err != nil {
			return 0, e.drain(inFlight, err)
		}
		if err := e.enqueue(plan, rows, outs, list, readSampled); err != nil {
			return 0, err
		}
		inFlight++
	}
	err := e.drain(inFlight, nil)
	return time.Since(start), err
}

// rows adds the next row of every sequence, some token at first, then what was
// sampled, and the sequences' pages.
func (b *Bench) rows(first bool, rows []graph.StepRow, list []uint32) ([]graph.StepRow, []uint32, error) {
	for i, s := range b.seqs {
		token := uint32(graph.FromSampled | i)
		if first {
			token = uint32(i % b.e.Model.Vocab)
		}
		at := s.Len()
		if err := b.e.Pool.Append(s.id, 1); err != nil {
			return nil, nil, err
		}
		rows = append(rows, graph.StepRow{Token: token, Position: uint32(at), Pages: uint32(len(list)), Slot: uint32(i)})
		list = append(list, b.e.Pool.Table(s.id)...)
	}
	return rows, list, nil
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
		if a.Tensor == graph.NoTensor {
			continue
		}
		t := &e.Plans[0].Tensors[a.Tensor]
		switch {
		case a.Access == graph.ReadWrite && d.Kernel.Op != graph.OpRopeAttention: // adds to the cache
		case t.Role == graph.State && len(t.Shape) == 2: // kv cache
			sum += t.Bytes / t.Shape[1] * uint64(depth+1)
		case t.Role != graph.Weight && t.Role != graph.Derived:
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

// MatrixRate measures the device's matrix units in TFLOP/s, 0 where there are
// none.
func (e *Engine) MatrixRate() (float64, error) { return e.rt.MatrixRate() }
