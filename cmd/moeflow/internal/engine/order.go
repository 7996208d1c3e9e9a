package engine

import (
	"context"
	"errors"
	"sync"

	"moeflow/graph"
	"moeflow/graph/backend"
)

// order sends each ticket to the program of its plan and keeps one order that
// the flow does not know of: the first segment of a step reads tokens that the
// last segment of the step before samples. With several segments, each with a
// goroutine of its own, the first would otherwise be submitted while the last
// still travels, and read the tokens of the step before that.
type order struct {
	programs []backend.Program
	last     int // index of a step's last segment
	// started, if not nil, is called when a step's first segment may be
	// submitted.
	started func(graph.Ticket)

	mu        sync.Mutex
	moved     sync.Cond
	submitted uint64          // the latest step of which every segment is submitted
	behind    map[uint64]bool // steps that read what the step before samples
	held      map[uint64]func() error
	failed    bool // a program failed: the flow is about to end
}

func newOrder(programs []backend.Program, segments int) *order {
	o := &order{programs: programs, last: segments - 1, behind: map[uint64]bool{}, held: map[uint64]func() error{}}
	o.moved.L = &o.mu
	return o
}

// follow notes, before a step is enqueued, that it reads what the step before
// it samples.
func (o *order) follow(step uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.behind[step] = true
}

// hold has a step's last segment, the sampler's, wait for ready before it is submitted.
func (o *order) hold(step uint64, ready func() error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held[step] = ready
}

// release waits for what a step's sampler needs.
func (o *order) release(step uint64) error {
	o.mu.Lock()
	ready := o.held[step]
	delete(o.held, step)
	o.mu.Unlock()
	if ready == nil {
		return nil
	}
	return ready()
}

// Submit holds a step's first segment back where it has to follow, and its last one
// where it has to wait.
func (o *order) Submit(seg int, t graph.Ticket) error {
	if seg == 0 && !o.turn(t.Step) {
		return errors.New("an earlier step failed")
	}
	if seg == 0 && o.started != nil {
		o.started(t)
	}
	var err error
	if seg == o.last {
		err = o.release(t.Step)
	}
	if err == nil {
		err = o.programs[t.Plan].Submit(seg, t)
	}
	o.note(err, seg, t.Step)
	return err
}

// skip notes that all steps up to this one were submitted by another way.
func (o *order) skip(step uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.submitted = step
}

// Wait returns when the step is done.
func (o *order) Wait(ctx context.Context, t graph.Ticket) error {
	err := o.programs[t.Plan].Wait(ctx, t)
	o.note(err, -1, t.Step)
	return err
}

// turn waits until a step may start, and tells whether it may.
func (o *order) turn(step uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.behind[step] && o.submitted+1 < step && !o.failed {
		o.moved.Wait()
	}
	delete(o.behind, step)
	return !o.failed
}

func (o *order) note(err error, seg int, step uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err != nil:
		o.failed = true
	case seg == o.last:
		o.submitted = step
	default:
		return
	}
	o.moved.Broadcast()
}
