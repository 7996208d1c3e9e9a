package generate

import (
	"iter"
	"sync"
)

// Event is one of a request's stream. Exactly one field is set.
type Event struct {
	Prefilled int     // so many tokens of the prompt are computed, or were in the kv cache
	Token     *Token  // a token that was generated
	Result    *Result // the end: no event follows
}

// receiver gets what happens to a request, from the loop. None of its methods may
// wait for anything.
type receiver interface {
	prefilled(tokens int)
	token(t Token)
	ended(r Result)
}

// Stream is a request's events. They wait here, at most one for each token and a
// few more, so a reader that is slow, or that reads nothing, holds up nobody. The
// methods are for one goroutine.
type Stream struct {
	ready chan struct{} // has a value if events came since it was read last

	mu     sync.Mutex
	events []Event
	done   bool // Next gave the result
}

func newStream() *Stream { return &Stream{ready: make(chan struct{}, 1)} }

// Ready has a value when there may be events: for a select beside other things,
// with Take.
func (s *Stream) Ready() <-chan struct{} { return s.ready }

// Take gives the events that are there now, which may be none.
func (s *Stream) Take() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.events
	s.events = nil
	return out
}

// Next waits for the next event. ok is false behind the one with the result.
func (s *Stream) Next() (e Event, ok bool) {
	for {
		s.mu.Lock()
		switch {
		case len(s.events) > 0:
			e = s.events[0]
			s.events = s.events[1:]
			s.done = e.Result != nil
			s.mu.Unlock()
			return e, true
		case s.done:
			s.mu.Unlock()
			return e, false
		}
		s.mu.Unlock()
		<-s.ready
	}
}

// Events gives all events up to the result.
func (s *Stream) Events() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			if e, ok := s.Next(); !ok || !yield(e) {
				return
			}
		}
	}
}

// Result waits for the end, past all other events.
func (s *Stream) Result() Result {
	for e := range s.Events() {
		if e.Result != nil {
			return *e.Result
		}
	}
	return Result{}
}

func (s *Stream) add(e Event) {
	s.mu.Lock()
	if n := len(s.events); n > 0 && e.Prefilled > 0 && s.events[n-1].Prefilled > 0 {
		s.events[n-1] = e // the newer of two that nobody read
	} else {
		s.events = append(s.events, e)
	}
	s.mu.Unlock()
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

func (s *Stream) prefilled(tokens int) { s.add(Event{Prefilled: tokens}) }
func (s *Stream) token(t Token)        { s.add(Event{Token: &t}) }
func (s *Stream) ended(r Result)       { s.add(Event{Result: &r}) }
