package observe

import (
	"sync"
	"sync/atomic"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/graph"
	"moeflow/graph/backend"
)

// State is what an engine does at a moment.
type State struct {
	Step    uint64 // the oldest step in flight, or else the last one
	Running bool   // it is in flight
	Decode  bool   // it is a decode step, no part of a prompt
	Rows    int
	// Segment is the one that works on the device, -1 for none.
	Segment int
	Busy    []bool // of each worker of the flow: it has a ticket
	Depths  []int  // of each channel: see flow.Flow.Depths
	// Prefilled and Tokens count what was computed so far: tokens of prompts,
	// and tokens that were picked.
	Prefilled, Tokens uint64
	// Times is how long each dispatch of the last decode step took, in the order
	// of Plans[0]; nil before there was one. It is not changed later.
	Times []time.Duration
}

// Live keeps what Now tells. What the workers do goes into atomics and short
// critical sections, so that a reader never holds them up. The zero value is
// ready for Attach.
type Live struct {
	e                 *engine.Engine
	progs             []backend.Timed
	busy              []atomic.Bool
	prefilled, tokens atomic.Uint64

	mu      sync.Mutex
	flight  []liveStep // in order
	last    liveStep
	times   []time.Duration
	timedAt time.Time // of the last worker's
}

type liveStep struct {
	t      graph.Ticket
	rows   int
	decode bool
}

// Attach makes l the observer of an engine, which must time its dispatches.
func (l *Live) Attach(e *engine.Engine) (engine.Observer, error) {
	progs, err := timed(e)
	if err != nil {
		return nil, err
	}
	l.e, l.progs, l.busy = e, progs, make([]atomic.Bool, e.Segments()+1)
	return l, nil
}

func (l *Live) Started(t graph.Ticket, s *engine.Step) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flight = append(l.flight, liveStep{t, len(s.Rows), s.Decode})
}

func (l *Live) Finished(graph.Ticket) error { return nil }

// timesEvery is how often the times of dispatches are read.
const timesEvery = 500 * time.Millisecond

func (l *Live) Hook(what engine.Moment, worker int, t graph.Ticket) {
	switch what {
	case engine.Received:
		l.busy[worker].Store(true)
	case engine.Sent:
		l.busy[worker].Store(false)
	case engine.Worked:
		if worker == len(l.busy)-1 {
			l.finished(t)
		}
	}
}

// finished notes that a step is done, and at times how long its dispatches took.
func (l *Live) finished(t graph.Ticket) {
	l.mu.Lock()
	if len(l.flight) > 0 {
		l.last, l.flight = l.flight[0], l.flight[1:]
	}
	if !l.last.decode {
		l.prefilled.Add(uint64(l.last.rows))
	}
	decode := l.last.decode
	l.mu.Unlock()
	if now := time.Now(); decode && t.Plan == 0 && now.Sub(l.timedAt) > timesEvery {
		l.timedAt = now
		if times, err := l.progs[t.Plan].Times(t.Slot); err == nil {
			l.mu.Lock()
			l.times = times
			l.mu.Unlock()
		}
	}
}

func (l *Live) Span(engine.Lane, string, time.Time, graph.Ticket) {}

func (l *Live) Token(int32, graph.Ticket) { l.tokens.Add(1) }

// Now tells what the engine does. It may be called at any time before the engine
// is closed, from any goroutine.
func (l *Live) Now() State {
	if l.e == nil {
		return State{Segment: -1}
	}
	s := State{Segment: -1, Prefilled: l.prefilled.Load(), Tokens: l.tokens.Load(), Depths: l.e.Depths(), Busy: make([]bool, len(l.busy))}
	for i := range l.busy {
		s.Busy[i] = l.busy[i].Load()
	}
	l.mu.Lock()
	at := l.last
	if s.Running = len(l.flight) > 0; s.Running {
		at = l.flight[0]
	}
	s.Times = l.times
	l.mu.Unlock()
	s.Step, s.Rows, s.Decode = at.t.Step, at.rows, at.decode
	if s.Running {
		// The first segment that is not done. An error will show elsewhere.
		if n, err := l.progs[at.t.Plan].Progress(at.t); err == nil && n < l.e.Segments() {
			s.Segment = n
		}
	}
	return s
}
