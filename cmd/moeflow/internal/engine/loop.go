package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"moeflow/graph"
)

// Pair is two measurements of the same decode steps, one right after the other.
type Pair struct{ Flow, Loop time.Duration }

// BenchPair times n greedy steps of one sequence behind depth tokens (at least
// one) twice: through the flow, and by one loop that submits the same recorded
// commands and waits for them, without goroutines, channels, the ordering of
// steps between segments, or hooks. Which goes first is the caller's choice,
// since a device may be faster for what comes second.
func (e *Engine) BenchPair(ctx context.Context, n, depth int, loopFirst bool) (p Pair, err error) {
	flow := func() error { p.Flow, err = e.BenchDecode(ctx, 1, n, depth); return err }
	loop := func() error { p.Loop, err = e.benchLoop(ctx, n, depth); return err }
	order := []func() error{flow, loop}
	if loopFirst {
		slices.Reverse(order)
	}
	for _, f := range order {
		if err := f(); err != nil {
			return p, err
		}
	}
	return p, nil
}

// benchLoop is BenchDecode's decoding of one sequence, by hand. Nothing else
// may be in flight.
func (e *Engine) benchLoop(ctx context.Context, n, depth int) (time.Duration, error) {
	depth = max(1, depth)
	if n < 1 || n+depth > e.Context {
		return 0, fmt.Errorf("%d tokens do not fit a context of %d", n+depth, e.Context)
	}
	if e.counts != nil {
		return 0, errors.New("the loop counts no experts")
	}
	s := e.NewSequence()
	defer s.Close()
	if _, err := s.prefill(ctx, e.benchTokens(depth, 0), readSampled, nil); err != nil {
		return 0, err
	}
	plan, outs := e.bucket(1), []uint32{0}
	prog, segments := e.programs[plan], e.Segments()
	var inFlight []graph.Ticket
	wait := func() error {
		t := inFlight[0]
		inFlight = inFlight[1:]
		return prog.Wait(ctx, t)
	}
	start := time.Now()
	for step := range n {
		if len(inFlight) == e.slots {
			if err := wait(); err != nil {
				return 0, err
			}
		}
		token := uint32(graph.FromSampled)
		if step == 0 {
			token = 0
		}
		rows, err := s.rows(1, func(int) uint32 { return token })
		if err != nil {
			return 0, err
		}
		slot, err := e.fill(plan, rows, outs, e.Pool.Table(s.id))
		if err != nil {
			return 0, err
		}
		t := graph.Ticket{Step: e.step, Slot: slot, Plan: plan, Read: readSampled}
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
	e.backend.skip(e.step)
	return took, nil
}
