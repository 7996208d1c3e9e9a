package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"moeflow/graph"
	"moeflow/graph/backend"
	"moeflow/graph/flow"
)

// slowProgram notes the order of submits. Every segment but the first takes a
// while, so that a first segment which does not wait overtakes it.
type slowProgram struct {
	mu   sync.Mutex
	log  []string
	fail string // the submit that fails
}

func (p *slowProgram) Submit(seg int, t graph.Ticket) error {
	if seg > 0 {
		time.Sleep(2 * time.Millisecond)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	at := fmt.Sprintf("%d.%d", t.Step, seg)
	if p.log = append(p.log, at); at == p.fail {
		return errors.New("no more device")
	}
	return nil
}

func (p *slowProgram) Wait(context.Context, graph.Ticket) error { return nil }
func (p *slowProgram) Input(int, string) ([]byte, error)        { return nil, nil }
func (p *slowProgram) Read(int, graph.TensorID) ([]byte, error) { return nil, nil }

// TestFollowingSteps: a step that reads what the one before samples starts
// behind all of it; one that does not goes ahead.
func TestFollowingSteps(t *testing.T) {
	for _, follow := range []bool{true, false} {
		p := &slowProgram{}
		b := newOrder([]backend.Program{p}, 3)
		f := flow.Start(context.Background(), 3, 4, b, flow.Hooks{})
		for step := uint64(1); step <= 4; step++ {
			if follow && step > 1 {
				b.follow(step)
			}
			if err := f.Enqueue(graph.Ticket{Step: step}); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			if _, err := f.Next(); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		inOrder := strings.Join(p.log, " ") == "1.0 1.1 1.2 2.0 2.1 2.2 3.0 3.1 3.2 4.0 4.1 4.2"
		if inOrder != follow {
			t.Errorf("following %v: submitted %v", follow, p.log)
		}
		if len(b.behind) != 0 {
			t.Errorf("notes left behind: %v", b.behind)
		}
	}
}

// TestFailureReleasesFollowers: a step that waits for one that failed does not
// wait forever.
func TestFailureReleasesFollowers(t *testing.T) {
	p := &slowProgram{fail: "1.1"}
	b := newOrder([]backend.Program{p}, 3)
	f := flow.Start(context.Background(), 3, 4, b, flow.Hooks{})
	b.follow(2)
	for step := uint64(1); step <= 2; step++ {
		if err := f.Enqueue(graph.Ticket{Step: step}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Next(); err == nil || !strings.Contains(err.Error(), "segment 1 of step 1: no more device") {
		t.Errorf("the flow ended with %v", err)
	}
	if err := f.Close(); err == nil {
		t.Error("closed as if nothing had failed")
	}
}
