package observe

import (
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/graph"
)

// TestNow: while a step runs, Now names it and counts what was done.
func TestNow(t *testing.T) {
	l := &Live{}
	if s := l.Now(); s.Segment != -1 || s.Running {
		t.Errorf("of no engine: %+v", s)
	}
	e := enginetest.Start(t, testmodel.Tiny(t), engine.Plans{Context: 128, Granularity: graph.PerLayer}, enginetest.Timestamps, enginetest.Observer(l.Attach))
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
			s := l.Now()
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
	s := l.Now()
	if s.Running || s.Segment != -1 || !s.Decode || s.Rows != 1 || s.Prefilled != 5 || s.Tokens != 12 || len(s.Times) != len(e.Plans[0].Dispatches) {
		t.Errorf("at the end: %+v", s)
	}
}
