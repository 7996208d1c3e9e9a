package generate

import (
	"fmt"
	"sync"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/stages/batch"
	"moeflow/stages/kvcache"
)

// Options say how a loop runs.
type Options struct {
	// Sequences is the most requests that are computed at once; 0, or more than
	// the engine was opened for, is what it was opened for.
	Sequences int
	// Waiting is the most requests that wait for their turn; 0 is no bound.
	Waiting int
	// Keep leaves all that a request computed in the kv cache, until the room is
	// needed, for a later prompt that goes on with it, as the next turn of a
	// conversation does. Without it only whole pages of prompts are shared: then no
	// token of a prompt is taken from steps that generated it.
	Keep bool
	// Piece is the most rows of prompts in a step that has generated tokens of other
	// requests too, so that a long prompt does not hold these up; 0 is no bound.
	Piece  int
	OnStep func(Stats) // called by the loop behind each step; may be nil
}

// Stats is how far a loop is.
type Stats struct {
	Running, Waiting int    // requests
	PromptTokens     uint64 // computed
	Generated        uint64
	ReusedTokens     uint64  // of prompts, not computed
	Steps            uint64  // finished
	CacheUsed        float64 // share of the kv cache that requests hold, 0 to 1
}

// Loop computes requests on an engine, which is the loop's own until Close. Its
// methods may be called from any goroutine.
type Loop struct {
	e        *engine.Engine
	o        Options
	s        *batch.Scheduler
	open     map[kvcache.ID]*member
	prompts  batch.Limits // of steps with rows of prompts
	decode   batch.Limits // of others
	context  int          // positions of a sequence
	pick     picker
	counts   Stats
	draining bool

	// The steps in flight: number i is flights[i%len]. Their memory, and that of
	// the step being made, is used again and again.
	flights          []flight
	begun, collected int
	step             batch.Step
	next             engine.Step

	wake chan struct{} // has a value if the loop has something to look at
	done chan struct{} // closed when the loop has ended

	mu      sync.Mutex
	inbox   []*member // not yet seen by the loop
	gone    []*member // whose contexts have ended
	waiting int       // requests in inbox, and those that the scheduler has not let in
	drain   bool
	closed  bool
	err     error // of the engine: why the loop ended
	stats   Stats // a copy of counts
}

// member is a request that waits or runs.
type member struct {
	Request
	to      receiver
	id      kvcache.ID
	ids     []int32 // those of the prompt and those generated
	device  bool    // the device picks the tokens
	res     Result
	ended   bool
	held    []heldMask  // of steps in flight
	noneAt  int         // the position at which no token is allowed; 0 is none
	unwatch func() bool // ends the watch on the request's context
	// When it was submitted, when it was let in, and when its first token was known.
	submitted, entered, first time.Time
}

// Start starts a loop. The engine's kv cache must be unused; after Close it is
// again, but what was computed stays known as long as nobody needs the room.
func Start(e *engine.Engine, o Options) (*Loop, error) {
	if o.Sequences <= 0 || o.Sequences > e.Sequences {
		o.Sequences = e.Sequences
	}
	context := min(e.Context, e.Pool.Pages()*engine.PageSize)
	s, err := batch.New(batch.Config{Context: context, Sequences: o.Sequences, Apart: e.Steps.Apart, Keep: o.Keep, Piece: o.Piece}, e.Pool)
	if err != nil {
		return nil, err
	}
	l := &Loop{e: e, o: o, s: s, context: context, open: map[kvcache.ID]*member{}, flights: make([]flight, e.Slots),
		prompts: limits(e, e.Steps.Prompts), decode: limits(e, e.Steps.Decode), pick: picker{e: e},
		wake: make(chan struct{}, 1), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.end(l.run())
	}()
	return l, nil
}

// Drain says that no more requests will come: from here on, those that have most
// before them are let in first, so that the last do not run alone for long.
func (l *Loop) Drain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain = true
	l.look()
}

// Stats is how far the loop is.
func (l *Loop) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.Waiting = l.waiting
	return s
}

// Done is closed when the loop has ended, by Close or by an error of the engine.
func (l *Loop) Done() <-chan struct{} { return l.done }

// Close cancels what waits and runs, waits for the steps in flight, and returns
// the error of the engine that ended the loop, if one did.
func (l *Loop) Close() error {
	l.mu.Lock()
	l.closed = true
	l.look()
	l.mu.Unlock()
	<-l.done
	return l.err
}

// run goes on until the loop is closed.
func (l *Loop) run() error {
	for {
		closed, err := l.take()
		if err != nil {
			return err
		}
		for !closed && l.begun-l.collected < len(l.flights) {
			begun, err := l.launch()
			if err != nil {
				return err
			}
			if !begun {
				break
			}
		}
		switch {
		case l.begun > l.collected:
			if err := l.collect(); err != nil {
				return err
			}
		case closed:
			return nil
		case len(l.open) > 0:
			return fmt.Errorf("%d requests wait and %d run, and none can go on", l.s.Waiting(), l.s.Running())
		default:
			<-l.wake
		}
	}
}

// take looks at what came from other goroutines.
func (l *Loop) take() (closed bool, err error) {
	l.mu.Lock()
	inbox, gone, drain, closed := l.inbox, l.gone, l.drain, l.closed
	l.inbox, l.gone = nil, nil
	l.mu.Unlock()
	for _, m := range inbox {
		m.id = l.e.NewSequence()
		l.open[m.id] = m
		if err := l.s.Join(batch.Request{ID: m.id, Prompt: m.IDs, Generate: m.MaxTokens, OnDevice: m.device}); err != nil {
			return closed, err
		}
	}
	if drain && !l.draining {
		l.draining = true
		l.s.Drain()
	}
	for _, m := range gone {
		l.finish(m, FinishCancel, nil)
	}
	if closed {
		for _, m := range l.open {
			l.finish(m, FinishCancel, nil)
		}
	}
	if len(inbox)+len(gone) > 0 {
		l.tell()
	}
	return closed, nil
}

// tell copies what Stats tells.
func (l *Loop) tell() {
	l.counts.Running, l.counts.Waiting = l.s.Running(), l.s.Waiting()
	pool := l.e.Pool
	l.counts.CacheUsed = 1 - float64(pool.FreePositions())/float64(pool.Pages()*pool.PageSize())
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = l.counts.Waiting + len(l.inbox)
	l.stats = l.counts
}

// stopped is why requests ended that did nothing to deserve it.
type stopped struct{ error }

func (s stopped) Unwrap() error { return s.error }

// end gives back all that requests had. Where an error of the engine ended the
// loop, it ends them too.
func (l *Loop) end(err error) {
	if err == nil {
		return // take has ended all that there was
	}
	l.mu.Lock()
	l.err, l.closed = err, true
	inbox := l.inbox
	l.inbox = nil
	l.mu.Unlock()
	for _, m := range l.open {
		m.free()
	}
	for ; l.collected < l.begun; l.collected++ {
		if _, next := l.e.Next(); next != nil {
			break
		}
	}
	for _, m := range l.open {
		l.finish(m, "", stopped{err})
	}
	for _, m := range inbox {
		l.finish(m, "", stopped{err})
	}
	l.e.Pool.Forget()
}

// finish ends a request, unless it has ended.
func (l *Loop) finish(m *member, why Finish, err error) {
	if m.ended {
		return
	}
	m.ended = true
	m.free()
	m.unwatch()
	if l.open[m.id] == m {
		delete(l.open, m.id)
		if err != nil {
			l.s.Discard(m.id)
		} else {
			l.s.Leave(m.id)
		}
	}
	now := time.Now()
	switch {
	case m.entered.IsZero():
		m.res.Queued = now.Sub(m.submitted)
	case m.first.IsZero():
		m.res.Queued, m.res.Prefill = m.entered.Sub(m.submitted), now.Sub(m.entered)
	default:
		m.res.Queued, m.res.Prefill, m.res.Decode = m.entered.Sub(m.submitted), m.first.Sub(m.entered), now.Sub(m.first)
	}
	m.res.Finish, m.res.Err = why, err
	if n := len(m.IDs); len(m.ids) > n {
		m.res.IDs = m.ids[n:]
	}
	m.to.ended(m.res)
}
