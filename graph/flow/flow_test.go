package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"moeflow/graph"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder notes the order of submits and waits.
type recorder struct {
	mu    sync.Mutex
	steps map[uint64][]int
	fail  func(seg int, t graph.Ticket) error
	block bool
}

func (r *recorder) Submit(seg int, t graph.Ticket) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		if err := r.fail(seg, t); err != nil {
			return err
		}
	}
	r.steps[t.Step] = append(r.steps[t.Step], seg)
	return nil
}

func (r *recorder) Wait(ctx context.Context, t graph.Ticket) error {
	if r.block {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

func TestEveryStepPassesEverySegmentInOrder(t *testing.T) {
	r := &recorder{steps: map[uint64][]int{}}
	f := Start(context.Background(), 5, 2, r, Hooks{})
	const steps = 200
	go func() {
		for s := range uint64(steps) {
			if err := f.Enqueue(graph.Ticket{Step: s + 1}); err != nil {
				t.Error(err)
			}
		}
	}()
	for s := range uint64(steps) {
		got, err := f.Next()
		if err != nil || got.Step != s+1 {
			t.Fatalf("step %d: got %d, %v", s+1, got.Step, err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for s, segs := range r.steps {
		if !slices.Equal(segs, []int{0, 1, 2, 3, 4}) {
			t.Errorf("step %d passed segments %v", s, segs)
		}
	}
	if len(r.steps) != steps {
		t.Errorf("%d steps ran, wanted %d", len(r.steps), steps)
	}
	if err := f.Enqueue(graph.Ticket{}); !errors.Is(err, ErrClosed) {
		t.Errorf("enqueue after close gave %v", err)
	}
}

func TestBackendErrorEndsTheFlow(t *testing.T) {
	boom := errors.New("device lost")
	r := &recorder{steps: map[uint64][]int{}, fail: func(seg int, t graph.Ticket) error {
		if seg == 2 && t.Step == 3 {
			return boom
		}
		return nil
	}}
	f := Start(context.Background(), 4, 1, r, Hooks{})
	go func() {
		for s := uint64(1); f.Enqueue(graph.Ticket{Step: s}) == nil; s++ {
		}
	}()
	var err error
	for err == nil {
		_, err = f.Next()
	}
	if !errors.Is(err, boom) {
		t.Errorf("Next gave %v, wanted the backend's error", err)
	}
	if err := f.Close(); !errors.Is(err, boom) {
		t.Errorf("Close gave %v, wanted the backend's error", err)
	}
}

func TestCancelEndsTheFlow(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := &recorder{steps: map[uint64][]int{}, block: true}
	f := Start(ctx, 3, 1, r, Hooks{})
	if err := f.Enqueue(graph.Ticket{Step: 1}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := f.Next(); !errors.Is(err, context.Canceled) {
		t.Errorf("Next gave %v", err)
	}
	if err := f.Close(); !errors.Is(err, context.Canceled) {
		t.Errorf("Close gave %v", err)
	}
}

type printer struct{}

func (printer) Submit(seg int, t graph.Ticket) error {
	fmt.Println("submit segment", seg, "of step", t.Step)
	return nil
}
func (printer) Wait(context.Context, graph.Ticket) error { return nil }

func Example() {
	f := Start(context.Background(), 2, 1, printer{}, Hooks{})
	f.Enqueue(graph.Ticket{Step: 1})
	t, _ := f.Next()
	fmt.Println("done", t.Step)
	f.Close()
	// Output:
	// submit segment 0 of step 1
	// submit segment 1 of step 1
	// done 1
}
