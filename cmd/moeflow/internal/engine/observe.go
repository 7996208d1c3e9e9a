package engine

import (
	"time"

	"moeflow/graph"
	"moeflow/graph/flow"
)

// Observer sees what an engine does. Hook comes from the flow's workers, each
// for itself; Span of LaneTokenizer from any goroutine; all else from the
// goroutine that uses the engine.
type Observer interface {
	// Started is called before a step is enqueued; the step is the caller's.
	Started(t graph.Ticket, s *Step)
	// Finished is called when a step is done and what it read back can be read.
	// An error ends what the engine is used for.
	Finished(t graph.Ticket) error
	// Hook is called by a worker of the flow; see flow.Hooks.
	Hook(what Moment, worker int, t graph.Ticket)
	// Span is something the host did for a step, from begin until now.
	Span(l Lane, name string, begin time.Time, t graph.Ticket)
	// Token is called for each token that is known.
	Token(id int32, t graph.Ticket)
}

// Moment is what a worker has just done.
type Moment uint8

const (
	Received Moment = iota
	Begun           // the step's turn has come: see order.follow
	Worked
	Sent
)

// Lane is what a span of the host belongs to.
type Lane uint8

const (
	LaneHost Lane = iota
	LaneTokenizer
	LaneSampler
	Lanes // how many there are
)

// observe makes the observers that the options ask for, and the hooks by which
// they see the flow: none at all where there are no observers.
func (e *Engine) observe(o Observe) (flow.Hooks, error) {
	for _, make := range o.Observers {
		x, err := make(e)
		if err != nil {
			return flow.Hooks{}, err
		}
		e.observers = append(e.observers, x)
	}
	if len(e.observers) == 0 {
		return flow.Hooks{}, nil
	}
	all := func(what Moment) func(int, graph.Ticket) {
		return func(worker int, t graph.Ticket) {
			for _, x := range e.observers {
				x.Hook(what, worker, t)
			}
		}
	}
	begun := all(Begun)
	e.order.started = func(t graph.Ticket) { begun(0, t) }
	return flow.Hooks{Received: all(Received), Worked: all(Worked), Sent: all(Sent)}, nil
}

// Begin is the time now, if anybody wants to know.
func (e *Engine) Begin() (t time.Time) {
	if len(e.observers) > 0 {
		t = time.Now()
	}
	return t
}

// Span tells the observers what the host did since begin.
func (e *Engine) Span(l Lane, name string, begin time.Time, t graph.Ticket) {
	for _, x := range e.observers {
		x.Span(l, name, begin, t)
	}
}

// enqueued tells of a step that is about to be enqueued, and the time.
func (e *Engine) enqueued(t graph.Ticket, s *Step) time.Time {
	for _, x := range e.observers {
		x.Started(t, s)
	}
	return e.Begin()
}

// Picked tells of a token that was picked since begin, by the host or, where
// onDevice is set, only read.
func (e *Engine) Picked(id int32, onDevice bool, begin time.Time, t graph.Ticket) {
	if len(e.observers) == 0 {
		return
	}
	name := "sample"
	if onDevice {
		name = "read the sampled token"
	}
	e.Span(LaneSampler, name, begin, t)
	for _, x := range e.observers {
		x.Token(id, t)
	}
}

// Tokenizing tells the engine's observers of work on text: call what it returns
// when that is done. It may be called from any goroutine.
func (e *Engine) Tokenizing(what string) (done func()) {
	if len(e.observers) == 0 {
		return nothing
	}
	begin := time.Now()
	return func() { e.Span(LaneTokenizer, what, begin, graph.Ticket{}) }
}

func nothing() {}
