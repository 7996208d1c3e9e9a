package engine

import (
	"testing"

	"moeflow/graph"
)

// TestUnobserved: an engine that nobody observes has no hooks in its flow, reads
// no clock and allocates nothing for it.
func TestUnobserved(t *testing.T) {
	e := &Engine{}
	h, err := e.observe(Observe{})
	if err != nil || h.Received != nil || h.Worked != nil || h.Sent != nil || e.observers != nil {
		t.Errorf("hooks %+v, observers %v, %v", h, e.observers, err)
	}
	if !e.Begin().IsZero() {
		t.Error("the clock is read")
	}
	k, s := graph.Ticket{Step: 1}, &Step{}
	if n := testing.AllocsPerRun(100, func() {
		e.Span(LaneHost, "enqueue", e.enqueued(k, s), k)
		e.Picked(7, true, e.Begin(), k)
		e.Tokenizing("detokenize")()
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

// BenchmarkUnobserved is what the calls of one decode step cost while nobody
// observes.
func BenchmarkUnobserved(b *testing.B) {
	e, k, s := &Engine{}, graph.Ticket{Step: 1}, &Step{}
	b.ReportAllocs()
	for b.Loop() {
		e.Span(LaneHost, "enqueue", e.enqueued(k, s), k)
		e.Span(LaneHost, "wait for a step", e.Begin(), k)
		e.Picked(7, true, e.Begin(), k)
		e.Tokenizing("detokenize")()
	}
}
