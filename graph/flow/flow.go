package flow

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"moeflow/graph"
)

// Backend runs segments. vk and stages/ref have one each.
type Backend interface {
	// Submit enqueues one segment of a step behind the step's earlier ones
	// and does not wait for it. Each segment is submitted by a goroutine of
	// its own.
	Submit(segment int, t graph.Ticket) error
	// Wait returns when the step's last segment is done.
	Wait(ctx context.Context, t graph.Ticket) error
}

// Hooks are called by the flow's goroutines, each of which is a worker: worker i
// submits segment i, and the worker behind the last segment waits for finished
// steps. Each may be nil, and costs nothing then; none may block.
type Hooks struct {
	// Received is called when a worker has a ticket to work on.
	Received func(worker int, t graph.Ticket)
	// Worked is called when its work is done: the segment submitted, or, for the
	// last worker, the step finished and its slot not yet in use again.
	Worked func(worker int, t graph.Ticket)
	// Sent is called when the ticket lies in the next channel.
	Sent func(worker int, t graph.Ticket)
}

// ErrClosed is returned by Enqueue after Close.
var ErrClosed = errors.New("the flow is closed")

// Flow is a running pipeline.
type Flow struct {
	in    chan graph.Ticket
	done  chan graph.Ticket
	chans []chan graph.Ticket // in, those between workers, done
	group *errgroup.Group
	ctx   context.Context

	mu     sync.RWMutex // guards in against sending after close
	closed bool
}

// Start runs a goroutine for each segment and one that waits for finished
// steps. depth is how many tickets fit into each channel, at least 1. When ctx
// is cancelled or a backend fails, every goroutine ends and Close tells why.
func Start(ctx context.Context, segments, depth int, b Backend, h Hooks) *Flow {
	g, ctx := errgroup.WithContext(ctx)
	f := &Flow{in: make(chan graph.Ticket, depth), done: make(chan graph.Ticket, depth), group: g, ctx: ctx}
	f.chans = append(f.chans, f.in)
	for range segments {
		f.chans = append(f.chans, make(chan graph.Ticket, depth))
	}
	f.chans = append(f.chans, f.done)
	for seg := range segments {
		g.Go(func() error {
			return hop(ctx, f.chans[seg], f.chans[seg+1], seg, h, func(t graph.Ticket) error {
				if err := b.Submit(seg, t); err != nil {
					return fmt.Errorf("segment %d of step %d: %w", seg, t.Step, err)
				}
				return nil
			})
		})
	}
	g.Go(func() error {
		return hop(ctx, f.chans[segments], f.done, segments, h, func(t graph.Ticket) error { return b.Wait(ctx, t) })
	})
	return f
}

// Depths tells how many tickets lie in each channel: before worker 0, 1, …, and
// last those that Next has not taken. It may be called at any time.
func (f *Flow) Depths() []int {
	out := make([]int, len(f.chans))
	for i, c := range f.chans {
		out[i] = len(c)
	}
	return out
}

// hop works on each ticket from in and passes it on, until in is closed or the
// context ends; it closes out.
func hop(ctx context.Context, in <-chan graph.Ticket, out chan<- graph.Ticket, worker int, h Hooks, work func(graph.Ticket) error) error {
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
		if h.Received != nil {
			h.Received(worker, t)
		}
		if err := work(t); err != nil {
			return err
		}
		if h.Worked != nil {
			h.Worked(worker, t)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case out <- t:
		}
		if h.Sent != nil {
			h.Sent(worker, t)
		}
	}
}

// Enqueue starts a step. It blocks while the first channel is full and returns
// the cause if the flow has ended.
func (f *Flow) Enqueue(t graph.Ticket) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.closed {
		return ErrClosed
	}
	select {
	case <-f.ctx.Done():
		return context.Cause(f.ctx)
	case f.in <- t:
		return nil
	}
}

// Next returns the oldest finished step, waiting for it. If the flow has ended
// it returns the cause.
func (f *Flow) Next() (graph.Ticket, error) {
	t, ok := <-f.done
	if ok {
		return t, nil
	}
	// done closes a moment before the group knows the error that ended it.
	if err := f.group.Wait(); err != nil {
		return t, err
	}
	return t, ErrClosed
}

// Close lets the steps under way finish, ends all goroutines and returns the
// first error of any. Steps that nobody takes with Next are dropped.
func (f *Flow) Close() error {
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.in)
	}
	f.mu.Unlock()
	for range f.done {
	}
	return f.group.Wait()
}
