package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/stages/sample"
)

// Bench measures steps behind a number of tokens that are computed once and
// stay in the kv cache. Close gives their places back.
type Bench struct {
	// Sampling is how Decode picks tokens, if the engine has a sampler that serves it.
	// Penalties then change as many tokens as they would behind a text.
	Sampling sample.Params

	e     *engine.Engine
	depth int
	seqs  []*sequence
	text  []int32 // that the penalties look at
}

// NewBench computes depth tokens, other ones for each of batch sequences.
func NewBench(ctx context.Context, e *engine.Engine, batch, depth int) (*Bench, error) {
	if batch*pages(depth+1) > e.Pool.Pages() {
		return nil, fmt.Errorf("%d sequences of %d tokens do not fit a kv cache of %d positions", batch, depth+1, e.Context)
	}
	b := &Bench{e: e, depth: depth, Sampling: sample.Greedy(), text: Tokens(e.Model.Vocab, e.Context, 1<<33)}
	for i := range batch {
		s := newSequence(e)
		b.seqs = append(b.seqs, s)
		if depth > 0 {
			if err := s.prefill(ctx, Tokens(e.Model.Vocab, depth, uint64(i))); err != nil {
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
		s.close()
	}
}

// rewind gives up what was computed behind the first depth tokens.
func (b *Bench) rewind() {
	for _, s := range b.seqs {
		b.e.Pool.Truncate(s.id, b.depth)
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
	err := b.seqs[0].prefill(ctx, Tokens(e.Model.Vocab, n, 1<<32))
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

// Decode times n steps of all sequences. The engine needs a bucket of as
// many rows and outputs.
func (b *Bench) Decode(ctx context.Context, n int) (time.Duration, error) {
	e, batch := b.e, len(b.seqs)
	plan := e.Bucket(batch)
	if k := e.Buckets[plan]; k.Rows < batch || k.Outs < batch {
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
			return 0, e.Drain(inFlight, err)
		}
		if inFlight == e.Slots {
			if _, err := e.Next(); err != nil {
				return 0, err
			}
			inFlight--
		}
		var err error
		if rows, list, err = b.rows(step == 0, rows[:0], list[:0]); err != nil {
			return 0, e.Drain(inFlight, err)
		}
		asks, err := b.asks(rows, n)
		if err != nil {
			return 0, e.Drain(inFlight, err)
		}
		if err := e.Enqueue(&engine.Step{Plan: plan, Rows: rows, Outs: outs, Pages: list, Read: engine.ReadSampled, Sampling: asks, Decode: true}); err != nil {
			return 0, err
		}
		inFlight++
	}
	err := e.Drain(inFlight, nil)
	return time.Since(start), err
}

// asks is what the rows of a decode step ask of the sampler, nil for the likeliest
// tokens. All but the last token is known, as it is while a text is generated.
func (b *Bench) asks(rows []graph.StepRow, n int) ([]graph.SampleRow, error) {
	if b.Sampling.Plain() {
		return nil, nil
	}
	s := b.e.Sampler
	if s == nil || !s.Serves(&b.Sampling, b.depth, n, 0) {
		return nil, errors.New("the device does not pick tokens by these settings")
	}
	var out []graph.SampleRow
	for _, r := range rows {
		at := int(r.Position)
		row, err := s.Ask(&b.Sampling, b.text[:at], min(b.depth, at), at+1)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// rows adds the next row of every sequence, some token at first, then what was
// sampled, and the sequences' pages.
func (b *Bench) rows(first bool, rows []graph.StepRow, list []uint32) ([]graph.StepRow, []uint32, error) {
	for i, s := range b.seqs {
		token := uint32(graph.FromSampled | i)
		if first {
			token = uint32(i % b.e.Model.Vocab)
		}
		at := b.e.Pool.Len(s.id)
		if err := b.e.Pool.Append(s.id, 1); err != nil {
			return nil, nil, err
		}
		rows = append(rows, graph.StepRow{Token: token, Position: uint32(at), Pages: uint32(len(list)), Slot: uint32(i)})
		list = append(list, s.table()...)
	}
	return rows, list, nil
}

// Tokens are n pseudo-random tokens of a vocabulary.
func Tokens(vocab, n int, seed uint64) []int32 {
	ids, x := make([]int32, n), seed*0x9e3779b97f4a7c15+1
	for i := range ids {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		ids[i] = int32(x % uint64(vocab))
	}
	return ids
}

// pages is how many pages hold n positions.
func pages(n int) int { return (n + engine.PageSize - 1) / engine.PageSize }
