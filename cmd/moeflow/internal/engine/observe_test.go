package engine

import (
	"testing"

	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/graph"
)

// TestUnobserved: an engine that nobody observes has no hooks in its flow, reads
// no clock and allocates nothing for it.
func TestUnobserved(t *testing.T) {
	e := &Engine{}
	h, err := e.observe(Options{})
	if err != nil || h.Received != nil || h.Worked != nil || h.Sent != nil || e.observers != nil {
		t.Errorf("hooks %+v, observers %v, %v", h, e.observers, err)
	}
	if !e.begin().IsZero() {
		t.Error("the clock is read")
	}
	k := graph.Ticket{Step: 1}
	if n := testing.AllocsPerRun(100, func() {
		e.span(rowHost, "enqueue", e.enqueued(k, 1), k)
		e.picked(7, true, e.begin(), k)
		e.Tokenizing("detokenize")()
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
	if s := e.Now(); s.Segment != -1 || s.Running {
		t.Errorf("%+v", s)
	}
}

// BenchmarkUnobserved is what the calls of one decode step cost while nobody
// observes.
func BenchmarkUnobserved(b *testing.B) {
	e, k := &Engine{}, graph.Ticket{Step: 1}
	b.ReportAllocs()
	for b.Loop() {
		e.span(rowHost, "enqueue", e.enqueued(k, 1), k)
		e.span(rowHost, "wait for a step", e.begin(), k)
		e.picked(7, true, e.begin(), k)
		e.Tokenizing("detokenize")()
	}
}

// TestNow: while a step runs, Now names it and counts what was done.
func TestNow(t *testing.T) {
	e := start(t, testmodel.Tiny(t), Options{Context: 128, Live: true, Granularity: graph.PerLayer})
	stop, seen := make(chan struct{}), make(chan map[int]bool)
	go func() {
		segments := map[int]bool{}
		for {
			select {
			case <-stop:
				seen <- segments
				return
			default:
			}
			s := e.Now()
			segments[s.Segment] = true
			if s.Segment >= e.Segments() || len(s.Busy) != e.Segments()+1 || len(s.Depths) != e.Segments()+2 {
				t.Errorf("%+v of %d segments", s, e.Segments())
			}
		}
	}()
	ids := []int32{1, 2, 3, 4, 5}
	greedy(t, e, ids, 12)
	close(stop)
	if segments := <-seen; len(segments) < 3 {
		t.Errorf("only segments %v were seen at work", segments)
	}
	s := e.Now()
	if s.Running || s.Segment != -1 || !s.Decode || s.Rows != 1 || s.Prefilled != 5 || s.Tokens != 12 || len(s.Times) != len(e.Plans[0].Dispatches) {
		t.Errorf("at the end: %+v", s)
	}
}
