package flow

import (
	"context"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"moeflow/graph"
)

// bareHop is hop without hooks, and nothing else is different.
func bareHop(ctx context.Context, in <-chan graph.Ticket, out chan<- graph.Ticket, work func(graph.Ticket) error) error {
	defer close(out)
	for {
		var t graph.Ticket
		var ok bool
		select {
		case <-ctx.Done():
			return ctx.Err()
		case t, ok = <-in:
			if !ok {
				return nil
			}
		}
		if err := work(t); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case out <- t:
		}
	}
}

// idle is a backend that does nothing.
type idle struct{}

func (idle) Submit(int, graph.Ticket) error           { return nil }
func (idle) Wait(context.Context, graph.Ticket) error { return nil }
func drive(t testing.TB, steps int, f *Flow) time.Duration {
	start := time.Now()
	for s := range uint64(steps) {
		if err := f.Enqueue(graph.Ticket{Step: s + 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Next(); err != nil {
			t.Fatal(err)
		}
	}
	took := time.Since(start)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return took
}

// bare is Start without hooks.
func bare(ctx context.Context, segments, depth int, b Backend) *Flow {
	g, ctx := errgroup.WithContext(ctx)
	f := &Flow{in: make(chan graph.Ticket, depth), done: make(chan graph.Ticket, depth), group: g, ctx: ctx}
	chans := []chan graph.Ticket{f.in}
	for range segments {
		chans = append(chans, make(chan graph.Ticket, depth))
	}
	chans = append(chans, f.done)
	for seg := range segments {
		g.Go(func() error {
			return bareHop(ctx, chans[seg], chans[seg+1], func(t graph.Ticket) error { return b.Submit(seg, t) })
		})
	}
	g.Go(func() error {
		return bareHop(ctx, chans[segments], f.done, func(t graph.Ticket) error { return b.Wait(ctx, t) })
	})
	return f
}

// TestHooksCostNothing measures a step's way through the flow with hooks
// compiled in and off, and through the same code without any, in turns. What
// the hooks add must stay below 1% of a decode step of 1.4 milliseconds, which
// is faster than any that was measured, at the most segments that a plan of 48
// layers has.
func TestHooksCostNothing(t *testing.T) {
	const segments, steps, pairs = 147, 100, 60
	const limit = 14 * time.Microsecond
	ctx := context.Background()
	diffs := make([]time.Duration, 0, pairs)
	var step time.Duration
	for i := range pairs {
		var with, without time.Duration
		if i%2 == 0 {
			with = drive(t, steps, Start(ctx, segments, 2, idle{}, Hooks{}))
			without = drive(t, steps, bare(ctx, segments, 2, idle{}))
		} else {
			without = drive(t, steps, bare(ctx, segments, 2, idle{}))
			with = drive(t, steps, Start(ctx, segments, 2, idle{}, Hooks{}))
		}
		diffs = append(diffs, (with-without)/steps)
		step += without / (pairs * steps)
	}
	slices.Sort(diffs)
	median := diffs[pairs/2]
	t.Logf("a step of %d segments takes %v without hooks in the code; hooks that are off add %v (quartiles %v and %v)",
		segments, step, median, diffs[pairs/4], diffs[3*pairs/4])
	if median > limit {
		t.Errorf("hooks that are off add %v to a step, at most %v is 1%%", median, limit)
	}
}
