package engine

import (
	"fmt"
	"time"

	"moeflow/graph"
	"moeflow/graph/flow"
	"moeflow/vk"
)

// observer sees what an engine does. step, span and token come from the
// goroutine that uses the engine, hook from the flow's workers, each for itself.
type observer interface {
	// step is called before a step of so many rows is enqueued.
	step(t graph.Ticket, rows int, decode bool)
	// hook is called by a worker of the flow; see flow.Hooks.
	hook(what moment, worker int, t graph.Ticket)
	// span is something the host did for a step, from begin until now.
	span(r row, name string, begin time.Time, t graph.Ticket)
	// token is called for each token that is known.
	token(id int32, t graph.Ticket)
}

// moment is what a worker has just done.
type moment uint8

const (
	received moment = iota
	started         // the step's turn has come: see backend.follow
	worked
	sent
)

// row is what a span of the host belongs to. All of them are done by the
// goroutine that uses the engine.
type row uint8

const (
	rowHost row = iota
	rowTokenizer
	rowSampler
	rowCount
)

// observe makes the observers that the options ask for, and the hooks by which
// they see the flow: none at all where there are no observers.
func (e *Engine) observe(o Options) (flow.Hooks, error) {
	if o.Trace == nil && !o.Live {
		return flow.Hooks{}, nil
	}
	progs := make([]*vk.Program, len(e.programs))
	for i, p := range e.programs {
		var ok bool
		if progs[i], ok = p.(*vk.Program); !ok {
			return flow.Hooks{}, fmt.Errorf("this backend has no timestamps")
		}
	}
	if o.Trace != nil {
		tr, err := newTracer(e, progs, o.Trace)
		if err != nil {
			return flow.Hooks{}, err
		}
		e.observers = append(e.observers, tr)
	}
	if o.Live {
		e.live = newLive(e, progs)
		e.observers = append(e.observers, e.live)
	}
	all := func(what moment) func(int, graph.Ticket) {
		return func(worker int, t graph.Ticket) {
			for _, x := range e.observers {
				x.hook(what, worker, t)
			}
		}
	}
	begun := all(started)
	e.backend.started = func(t graph.Ticket) { begun(0, t) }
	return flow.Hooks{Received: all(received), Worked: all(worked), Sent: all(sent)}, nil
}

// begin is the time now, if anybody wants to know.
func (e *Engine) begin() (t time.Time) {
	if len(e.observers) > 0 {
		t = time.Now()
	}
	return t
}

func (e *Engine) span(r row, name string, begin time.Time, t graph.Ticket) {
	for _, x := range e.observers {
		x.span(r, name, begin, t)
	}
}

// enqueued tells of a step that is about to be enqueued, and the time.
func (e *Engine) enqueued(t graph.Ticket, rows int) time.Time {
	for _, x := range e.observers {
		x.step(t, rows, e.decoding)
	}
	return e.begin()
}

// picked tells of a token that was picked since begin, by the host or, where
// onDevice is set, only read.
func (e *Engine) picked(id int32, onDevice bool, begin time.Time, t graph.Ticket) {
	if len(e.observers) == 0 {
		return
	}
	name := "sample"
	if onDevice {
		name = "read the sampled token"
	}
	e.span(rowSampler, name, begin, t)
	for _, x := range e.observers {
		x.token(id, t)
	}
}

// Tokenizing tells the engine's observers of work on text: call what it returns
// when that is done.
func (e *Engine) Tokenizing(what string) (done func()) {
	if len(e.observers) == 0 {
		return nothing
	}
	begin := time.Now()
	return func() { e.span(rowTokenizer, what, begin, graph.Ticket{}) }
}

func nothing() {}
