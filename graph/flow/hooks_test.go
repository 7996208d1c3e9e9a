package flow

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"moeflow/graph"
)

// TestHooksInOrder: each worker receives, works and sends every step in turn.
func TestHooksInOrder(t *testing.T) {
	const segments, steps = 3, 50
	var mu sync.Mutex
	seen := make([][]string, segments+1)
	note := func(what string) func(int, graph.Ticket) {
		return func(worker int, tk graph.Ticket) {
			mu.Lock()
			defer mu.Unlock()
			seen[worker] = append(seen[worker], what)
		}
	}
	f := Start(context.Background(), segments, 2, &recorder{steps: map[uint64][]int{}},
		Hooks{Received: note("received"), Worked: note("worked"), Sent: note("sent")})
	go func() {
		for s := range uint64(steps) {
			f.Enqueue(graph.Ticket{Step: s + 1})
		}
	}()
	for range steps {
		if _, err := f.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("received worked sent ", steps)
	for worker, list := range seen {
		if got := strings.Join(list, " ") + " "; got != want {
			t.Errorf("worker %d: %s", worker, got)
		}
	}
}

// gate is a backend whose segment 1 waits until it is opened.
type gate chan struct{}

func (g gate) Submit(seg int, _ graph.Ticket) error {
	if seg == 1 {
		<-g
	}
	return nil
}
func (gate) Wait(context.Context, graph.Ticket) error { return nil }

// TestDepths: tickets that are held up show in the channel before their worker,
// those that nobody takes in the last.
func TestDepths(t *testing.T) {
	g := make(gate)
	f := Start(context.Background(), 2, 2, g, Hooks{})
	reach := func(want ...int) {
		t.Helper()
		for until := time.Now().Add(10 * time.Second); !slices.Equal(f.Depths(), want); time.Sleep(time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("the channels hold %v, wanted %v", f.Depths(), want)
			}
		}
	}
	for s := range uint64(5) {
		if err := f.Enqueue(graph.Ticket{Step: s + 1}); err != nil {
			t.Fatal(err)
		}
	}
	reach(1, 2, 0, 0) // 1 is with segment 1, 4 with segment 0
	close(g)
	reach(0, 0, 2, 2) // 3 is with the worker that waits
	for range 5 {
		if _, err := f.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkHop is what a step costs in the flow itself, with a backend that does
// nothing: in a chain of goroutines that knows of no hooks, without hooks, and
// with hooks that do nothing either.
func BenchmarkHop(b *testing.B) {
	idle := func(int, graph.Ticket) {}
	g := make(gate)
	close(g)
	b.Run("none", func(b *testing.B) { benchmarkSteps(b, startPlain(context.Background(), 3, 2, g)) })
	b.Run("off", func(b *testing.B) { benchmarkSteps(b, Start(context.Background(), 3, 2, g, Hooks{})) })
	b.Run("on", func(b *testing.B) {
		benchmarkSteps(b, Start(context.Background(), 3, 2, g, Hooks{idle, idle, idle}))
	})
}

// startPlain is Start as it would be if there were no hooks.
func startPlain(ctx context.Context, segments, depth int, back Backend) *Flow {
	g, ctx := errgroup.WithContext(ctx)
	f := &Flow{in: make(chan graph.Ticket, depth), done: make(chan graph.Ticket, depth), group: g, ctx: ctx}
	chans := []chan graph.Ticket{f.in}
	for range segments {
		chans = append(chans, make(chan graph.Ticket, depth))
	}
	chans = append(chans, f.done)
	for i := range segments + 1 {
		g.Go(func() error {
			defer close(chans[i+1])
			for {
				var t graph.Ticket
				var ok bool
				select {
				case <-ctx.Done():
					return ctx.Err()
				case t, ok = <-chans[i]:
					if !ok {
						return nil
					}
				}
				var err error
				if i < segments {
					err = back.Submit(i, t)
				} else {
					err = back.Wait(ctx, t)
				}
				if err != nil {
					return err
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case chans[i+1] <- t:
				}
			}
		})
	}
	return f
}

func benchmarkSteps(b *testing.B, f *Flow) {
	b.ReportAllocs()
	b.ResetTimer()
	for s := range uint64(b.N) {
		if err := f.Enqueue(graph.Ticket{Step: s + 1}); err != nil {
			b.Fatal(err)
		}
		if _, err := f.Next(); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
