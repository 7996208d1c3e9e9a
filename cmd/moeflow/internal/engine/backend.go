package engine

import (
	"context"
	"errors"
	"sync"

	"moeflow/graph"
)

// backend sends each ticket to the program of its plan and keeps one order that
// the flow does not know of: the first segment of a step reads tokens that the
// last segment of the step before samples. With several segments, each with a
// goroutine of its own, the first would otherwise be submitted while the last
// still travels, and read the tokens of the step before that.
type backend struct {
	programs []program
	last     int // index of a step's last segment
	// started, if not nil, is called when a step's first segment may be
	// submitted.
	started func(graph.Ticket)

	mu        sync.Mutex
	moved     sync.Cond
	submitted uint64          // the latest step of which every segment is submitted
	behind    map[uint64]bool // steps that read what the step before samples
	failed    bool            // a program failed: the flow is about to end
}

func newBackend(programs []program, segments int) *backend {
	b := &backend{programs: programs, last: segments - 1, behind: map[uint64]bool{}}
	b.moved.L = &b.mu
	return b
}

// follow notes, before a step is enqueued, that it reads what the step before
// it samples.
func (b *backend) follow(step uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.behind[step] = true
}

// Submit holds a step's first segment back where it has to follow.
func (b *backend) Submit(seg int, t graph.Ticket) error {
	if seg == 0 && !b.turn(t.Step) {
		return errors.New("an earlier step failed")
	}
	if seg == 0 && b.started != nil {
		b.started(t)
	}
	err := b.programs[t.Plan].Submit(seg, t)
	b.note(err, seg, t.Step)
	return err
}

// skip notes that all steps up to this one were submitted by another way.
func (b *backend) skip(step uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.submitted = step
}

// Wait returns when the step is done.
func (b *backend) Wait(ctx context.Context, t graph.Ticket) error {
	err := b.programs[t.Plan].Wait(ctx, t)
	b.note(err, -1, t.Step)
	return err
}

// turn waits until a step may start, and tells whether it may.
func (b *backend) turn(step uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.behind[step] && b.submitted+1 < step && !b.failed {
		b.moved.Wait()
	}
	delete(b.behind, step)
	return !b.failed
}

func (b *backend) note(err error, seg int, step uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err != nil:
		b.failed = true
	case seg == b.last:
		b.submitted = step
	default:
		return
	}
	b.moved.Broadcast()
}
