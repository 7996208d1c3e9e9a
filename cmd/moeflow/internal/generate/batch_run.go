package generate

import (
	"context"
	"errors"
	"fmt"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/stages/batch"
	"moeflow/stages/kvcache"
	"moeflow/stages/sample"
)

// batchRun is one call of Batch.
type batchRun struct {
	e         *engine.Engine
	o         BatchOptions
	done      func(BatchResult) error
	feed      *feed
	exhausted bool // feed has no more
	s         *batch.Scheduler
	open      map[kvcache.ID]*member
	prompts   batch.Limits // of steps with rows of prompts
	decode    batch.Limits // of others
	context   int          // positions of a sequence
	stats     BatchStats
	pickers   []*picker

	// The steps in flight: number i is flights[i%len]. Their memory, and that of
	// the step being made, is used again and again.
	flights          []flight
	begun, collected int
	step             batch.Step
	rows             []graph.StepRow
	outs, list       []uint32
}

// member is a prompt that waits or runs.
type member struct {
	BatchRequest
	id     kvcache.ID
	ids    []int32 // those of the prompt and those generated
	device bool    // the device picks the tokens
	res    BatchResult
	ended  bool
}

// flight is a step in flight.
type flight struct {
	picks []pick
}

// pick is a row of a step whose next token is to be picked, or was.
type pick struct {
	p     *member
	out   int // which of the step's outputs
	slot  int // where the device keeps the token
	id    int32
	probs TokenLogProb
	err   error
}

func newBatchRun(e *engine.Engine, o BatchOptions, done func(BatchResult) error) (*batchRun, error) {
	context := min(e.Context, e.Pool.Pages()*engine.PageSize)
	s, err := batch.New(batch.Config{Context: context, Sequences: o.Sequences, Groups: e.Groups, Apart: e.Steps.Apart}, e.Pool)
	if err != nil {
		return nil, err
	}
	r := &batchRun{e: e, o: o, done: done, s: s, context: context, open: map[kvcache.ID]*member{}, flights: make([]flight, e.Slots),
		prompts: limits(e, e.Steps.Prompts), decode: limits(e, e.Steps.Decode)}
	return r, nil
}

// run goes on until every prompt has its result.
func (r *batchRun) run(ctx context.Context) error {
	for {
		if err := r.fill(ctx); err != nil {
			return err
		}
		for r.begun-r.collected < r.e.Slots {
			begun, err := r.launch()
			if err != nil {
				return err
			}
			if !begun {
				break
			}
		}
		switch {
		case r.begun > r.collected:
			if err := r.collect(); err != nil {
				return err
			}
		case len(r.open) > 0:
			return fmt.Errorf("batch: %d prompts wait and %d run, and none can go on", r.s.Waiting(), r.s.Running())
		case r.exhausted:
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// end waits for the steps in flight and gives back all that the prompts had.
func (r *batchRun) end(err error) error {
	if err == nil {
		return nil
	}
	for ; r.collected < r.begun; r.collected++ {
		if _, next := r.e.Next(); next != nil {
			// Where the flow ended, the reason is better than what followed.
			if !errors.Is(err, next) {
				err = errors.Join(err, next)
			}
			break
		}
	}
	for id := range r.open {
		r.s.Leave(id)
	}
	r.e.Pool.Forget()
	return err
}

// fill takes prompts until enough wait. It waits for one only if there is
// nothing else to do.
func (r *batchRun) fill(ctx context.Context) error {
	for !r.exhausted && r.s.Waiting() < r.o.Window {
		var q *BatchRequest
		var more bool
		if len(r.open) > 0 {
			select {
			case q, more = <-r.feed.prompts:
			default:
				return nil
			}
		} else {
			select {
			case q, more = <-r.feed.prompts:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if !more {
			r.exhausted = true
			r.s.Drain()
			return r.feed.err
		}
		if err := r.join(q); err != nil {
			return err
		}
	}
	return nil
}

// join lets a prompt wait, or ends it at once.
func (r *batchRun) join(q *BatchRequest) error {
	p := &member{BatchRequest: *q, res: BatchResult{Key: q.Key, Prompt: len(q.IDs)}}
	if err := r.check(p); err != nil {
		p.res.Err = err
		return r.done(p.res)
	}
	p.id = r.e.NewSequence()
	p.ids = p.IDs[:len(p.IDs):len(p.IDs)]
	p.device = p.Sampling.Plain() && p.LogProbs < 0
	r.open[p.id] = p
	return r.s.Join(batch.Request{ID: p.id, Prompt: p.IDs, Generate: p.MaxTokens, OnDevice: p.device})
}

// check tells what is wrong with a prompt.
func (r *batchRun) check(p *member) error {
	if err := r.e.CheckPrompt(p.IDs); err != nil {
		return err
	}
	if p.MaxTokens < 1 {
		return &engine.PromptError{Err: fmt.Errorf("max_tokens is %d, want at least 1", p.MaxTokens)}
	}
	if _, err := sample.New(p.Sampling, r.e.Model.Vocab); err != nil {
		return &engine.PromptError{Err: err}
	}
	return nil
}

// launch makes the next step and starts it, if there is one.
func (r *batchRun) launch() (bool, error) {
	if err := r.s.Next(&r.step, r.prompts, r.decode); err != nil {
		return false, err
	}
	for _, n := range r.step.Entered {
		r.open[n.ID].res.Reused = n.Shared
		r.stats.ReusedTokens += uint64(n.Shared)
	}
	if len(r.step.Rows) == 0 {
		return false, nil
	}
	f := &r.flights[r.begun%len(r.flights)]
	read, prompts := r.write(f)
	r.stats.PromptTokens += uint64(prompts)
	r.begun++
	plans := r.e.Steps.Decode
	if prompts > 0 {
		plans = r.e.Steps.Prompts
	}
	return true, r.e.Enqueue(&engine.Step{Plan: planFor(r.e, plans, len(r.rows), len(r.outs)), Rows: r.rows, Outs: r.outs, Pages: r.list,
		Read: read, Decode: 2*prompts < len(r.rows)})
}

// write turns a step's rows into what the device takes. It returns what is to
// be read back and how many rows are of prompts.
func (r *batchRun) write(f *flight) (read uint64, prompts int) {
	r.rows, r.outs, r.list, f.picks = r.rows[:0], r.outs[:0], r.list[:0], f.picks[:0]
	var p *member
	pages := uint32(0)
	for i := range r.step.Rows {
		row := &r.step.Rows[i]
		if p == nil || row.Seq != p.id {
			p = r.open[row.Seq]
			pages = uint32(len(r.list))
			r.list = append(r.list, r.e.Pool.Table(row.Seq)...)
		}
		token := uint32(row.Token)
		if row.Sampled {
			token = graph.FromSampled | uint32(row.Slot)
		}
		if row.Sample {
			f.picks = append(f.picks, pick{p: p, out: len(r.outs), slot: row.Slot})
			r.outs = append(r.outs, uint32(i))
			if p.device {
				read |= engine.ReadSampled
			} else {
				read |= engine.ReadLogits
			}
		}
		if row.Position < len(p.IDs) {
			prompts++
		}
		r.rows = append(r.rows, graph.StepRow{Token: token, Position: uint32(row.Position), Pages: pages, Slot: uint32(row.Slot)})
	}
	return read, prompts
}

// planFor is the smallest of some plans with room for a step's rows and outputs,
// or the largest.
func planFor(e *engine.Engine, plans []int, rows, outs int) int {
	for _, i := range plans {
		if b := e.Buckets[i]; rows <= b.Rows && outs <= b.Outs {
			return i
		}
	}
	return plans[len(plans)-1]
}

// limits are those of the largest of some plans.
func limits(e *engine.Engine, plans []int) batch.Limits {
	b := e.Buckets[plans[len(plans)-1]]
	return batch.Limits{Rows: min(b.Rows, batch.MaxRows), Outs: b.Outs, Pages: e.ListPages}
}
