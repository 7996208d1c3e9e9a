package measure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/stages/qwen3moe"
)

// Pair is two measurements of the same decode steps, one right after the other.
type Pair struct{ Flow, Loop time.Duration }

// Pair times n greedy steps of the only sequence twice: through the flow, as
// Decode does, and by one loop that submits the same recorded commands and waits
// for them, without goroutines, channels, an order of steps between segments,
// or hooks. loopFirst says which comes first, since a device may be faster for
// what comes second.
func (b *Bench) Pair(ctx context.Context, n int, loopFirst bool) (p Pair, err error) {
	if loopFirst {
		if p.Loop, err = b.loop(ctx, n); err != nil {
			return p, err
		}
	}
	if p.Flow, err = b.Decode(ctx, n); err == nil && !loopFirst {
		p.Loop, err = b.loop(ctx, n)
	}
	return p, err
}

// loop is Decode of one sequence by hand. Nothing else may be in flight.
func (b *Bench) loop(ctx context.Context, n int) (time.Duration, error) {
	e, plan := b.e, b.e.Bucket(1)
	if len(b.seqs) != 1 || e.Plans[plan].Find(qwen3moe.Counts) != graph.NoTensor {
		return 0, errors.New("the loop decodes one sequence and counts no experts")
	}
	if n < 1 || n+b.depth > e.Context {
		return 0, fmt.Errorf("%d tokens at depth %d do not fit a context of %d", n, b.depth, e.Context)
	}
	b.rewind()
	prog, segments, outs := e.Program(plan), e.Segments(), []uint32{0}
	var list []uint32
	rows := make([]graph.StepRow, 0, 1)
	var inFlight []graph.Ticket
	wait := func() error {
		t := inFlight[0]
		inFlight = inFlight[1:]
		return prog.Wait(ctx, t)
	}
	start := time.Now()
	for step := range n {
		if len(inFlight) == e.Slots {
			if err := wait(); err != nil {
				return 0, err
			}
		}
		var err error
		if rows, list, err = b.rows(step == 0, rows[:0], list[:0]); err != nil {
			return 0, err
		}
		t, err := e.Fill(&engine.Step{Plan: plan, Rows: rows, Outs: outs, Pages: list, Read: engine.ReadSampled})
		if err != nil {
			return 0, err
		}
		for seg := range segments {
			if err := prog.Submit(seg, t); err != nil {
				return 0, err
			}
		}
		inFlight = append(inFlight, t)
	}
	for len(inFlight) > 0 {
		if err := wait(); err != nil {
			return 0, err
		}
	}
	took := time.Since(start)
	e.Submitted()
	return took, nil
}
