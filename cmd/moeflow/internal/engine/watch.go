package engine

import (
	"sync"
	"sync/atomic"
	"time"

	"moeflow/graph"
	"moeflow/vk"
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

// live keeps what Now tells. What the workers do goes into atomics and short
// critical sections, so that a reader never holds them up.
type live struct {
	e                 *Engine
	progs             []*vk.Program
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

func newLive(e *Engine, progs []*vk.Program) *live {
	return &live{e: e, progs: progs, busy: make([]atomic.Bool, e.Segments()+1)}
}

func (l *live) step(t graph.Ticket, rows int, decode bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flight = append(l.flight, liveStep{t, rows, decode})
}

// timesEvery is how often the times of dispatches are read.
const timesEvery = 500 * time.Millisecond

func (l *live) hook(what moment, worker int, t graph.Ticket) {
	switch what {
	case received:
		l.busy[worker].Store(true)
	case sent:
		l.busy[worker].Store(false)
	case worked:
		if worker == len(l.busy)-1 {
			l.finished(t)
		}
	}
}

// finished notes that a step is done, and at times how long its dispatches took.
func (l *live) finished(t graph.Ticket) {
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

func (l *live) span(row, string, time.Time, graph.Ticket) {}

func (l *live) token(int32, graph.Ticket) { l.tokens.Add(1) }

// Now tells what the engine does. It may be called at any time before Close,
// from any goroutine. The engine must have been opened with Live.
func (e *Engine) Now() State {
	l := e.live
	if l == nil {
		return State{Segment: -1}
	}
	s := State{Segment: -1, Prefilled: l.prefilled.Load(), Tokens: l.tokens.Load(), Depths: e.flow.Depths(), Busy: make([]bool, len(l.busy))}
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
		if n, err := l.progs[at.t.Plan].Progress(at.t); err == nil && n < e.Segments() {
			s.Segment = n
		}
	}
	return s
}
