package generate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/backend"
	"moeflow/stages/ref"
	"moeflow/stages/sample"
)

// quickReference opens the quick model on the reference in Go.
func quickReference(t *testing.T, p engine.Plans, change ...func(*engine.Options)) *engine.Engine {
	t.Helper()
	m, err := quick.Model(t)
	if err != nil {
		t.Fatal(err)
	}
	return enginetest.Reference(t, m, p, change...)
}

// gated is a device whose steps wait until the gate lets them through, so that a
// test decides what happens while steps are in flight.
type gated struct {
	backend.Device
	gate chan struct{}
}

type gatedProgram struct {
	backend.Program
	gate chan struct{}
}

func (g gated) Load(plans []*graph.Plan, slots int) ([]backend.Program, error) {
	progs, err := g.Device.Load(plans, slots)
	for i, p := range progs {
		progs[i] = gatedProgram{p, g.gate}
	}
	return progs, err
}

func (g gatedProgram) Wait(ctx context.Context, t graph.Ticket) error {
	select {
	case <-g.gate:
	case <-ctx.Done():
		return ctx.Err()
	}
	return g.Program.Wait(ctx, t)
}

// openGated opens the quick model on a gated reference. open lets all steps
// through from then on.
func openGated(t *testing.T, p engine.Plans, change ...func(*engine.Options)) (e *engine.Engine, gate chan struct{}, open func()) {
	t.Helper()
	gate = make(chan struct{})
	e = quickReference(t, p, append(change, func(o *engine.Options) {
		o.Load.Open = func(bool) (backend.Device, error) { return gated{ref.NewDevice(), gate}, nil }
	})...)
	return e, gate, sync.OnceFunc(func() { close(gate) })
}

// watcher hands on the steps of an engine.
type watcher struct {
	e     *engine.Engine
	steps chan string
}

func (w watcher) Started(_ graph.Ticket, s *engine.Step) {
	w.steps <- fmt.Sprintf("%d rows by %v", len(s.Rows), w.e.Buckets[s.Plan])
}
func (watcher) Finished(graph.Ticket) error                       { return nil }
func (watcher) Hook(engine.Moment, int, graph.Ticket)             {}
func (watcher) Span(engine.Lane, string, time.Time, graph.Ticket) {}
func (watcher) Token(int32, graph.Ticket)                         {}

// watched hands on the steps of the engine that is opened with it.
func watched(steps chan string) func(*engine.Options) {
	return enginetest.Observer(func(e *engine.Engine) (engine.Observer, error) { return watcher{e, steps}, nil })
}

// TestPlanOfOneRow: a single request's steps have the plans that fit one sequence,
// whatever others the engine has.
func TestPlanOfOneRow(t *testing.T) {
	steps := make(chan string, 10)
	e := quickReference(t, engine.Plans{Context: 512, BeyondModel: true, Buckets: engine.ServeBuckets(8), Sequences: 8, Batch: true}, watched(steps))
	answer(t, loop(t, e, Options{}), plain(measure.Tokens(e.Model.Vocab, 400, 1), 4))
	for _, want := range []string{"400 rows by {512 1}", "1 rows by {1 1}", "1 rows by {1 1}", "1 rows by {1 1}"} {
		if got := <-steps; got != want {
			t.Errorf("a step of a single request has %s, wanted %s", got, want)
		}
	}
}

// TestStepsInFlight: a greedy request's next step is begun before the host has read
// the token that it starts from.
func TestStepsInFlight(t *testing.T) {
	steps := make(chan string, 20)
	e, _, open := openGated(t, engine.Plans{Context: 256}, watched(steps))
	defer open()
	s := ask(t, loop(t, e, Options{}), context.Background(), plain([]int32{1, 2, 3}, 10))
	for _, want := range []string{"3 rows by {8 1}", "1 rows by {1 1}"} {
		if got := <-steps; got != want {
			t.Errorf("while no step is done, one of %s is begun, wanted %s", got, want)
		}
	}
	open()
	if ev, _ := s.Next(); ev.Prefilled != 3 {
		t.Errorf("the first event is %+v, wanted 3 tokens of the prompt", ev)
	}
	if r := s.Result(); len(r.IDs) != 10 || r.Err != nil {
		t.Errorf("%+v", r)
	}
}

// TestSubmitFromAnywhere: requests join a running loop from many goroutines, and
// each gets what it gets alone.
func TestSubmitFromAnywhere(t *testing.T) {
	e := quickReference(t, engine.Plans{Context: 128, Batch: true, Sequences: 4})
	const all = 24
	requests, want := make([]Request, all), make([][]int32, all)
	for i := range requests {
		requests[i] = plain(measure.Tokens(e.Model.Vocab, 1+i*5%23, uint64(i)), 1+i*3%11)
		want[i] = greedy(t, e, requests[i].IDs, requests[i].MaxTokens)
	}
	l := loop(t, e, Options{Keep: true})
	var wg sync.WaitGroup
	for i, r := range requests {
		wg.Go(func() {
			s, err := l.Submit(context.Background(), r)
			if err != nil {
				t.Error(err)
				return
			}
			var seen []int32
			for ev := range s.Events() {
				switch {
				case ev.Token != nil:
					seen = append(seen, ev.Token.ID)
				case ev.Result != nil && (ev.Result.Err != nil || !slices.Equal(ev.Result.IDs, seen)):
					t.Errorf("request %d ends with %+v after tokens %v", i, *ev.Result, seen)
				}
			}
			if !slices.Equal(seen, want[i]) {
				t.Errorf("request %d: %v, alone %v", i, seen, want[i])
			}
		})
	}
	wg.Wait()
	if s := l.Stats(); s.Running+s.Waiting != 0 || s.Generated == 0 {
		t.Errorf("at the end: %+v", s)
	}
}

// TestCancelOne: a request whose context ends leaves before the next step, its
// pages are free for one that waits for them, and others do not notice.
func TestCancelOne(t *testing.T) {
	// Two sequences of up to four pages in a cache of four.
	e, _, open := openGated(t, engine.Plans{Context: 4 * engine.PageSize, Cache: 4 * engine.PageSize, Batch: true, Sequences: 2})
	defer open()
	l := loop(t, e, Options{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := ask(t, l, ctx, plain([]int32{1, 2, 3}, 4*engine.PageSize-3))
	other := plain([]int32{4, 5}, 4*engine.PageSize-2)
	second := ask(t, l, context.Background(), other)
	waits := ask(t, l, ctx, plain([]int32{6}, 2))
	cancel()
	open()
	for _, s := range []*Stream{first, waits} {
		if r := s.Result(); r.Finish != FinishCancel || r.Err != nil {
			t.Errorf("cancelled: %+v", r)
		}
	}
	r := second.Result()
	if r.Err != nil || r.Finish != FinishLength || len(r.IDs) != other.MaxTokens {
		t.Errorf("the other request: %d tokens, %q, %v", len(r.IDs), r.Finish, r.Err)
	}
	if _, err := l.Submit(ctx, other); !errors.Is(err, context.Canceled) {
		t.Errorf("a request whose context has ended is taken: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	unused(t, e)
	e.Pool.Forget()
	if got := greedy(t, e, other.IDs, other.MaxTokens); !slices.Equal(got, r.IDs) {
		t.Errorf("beside a cancelled request %v\nalone %v", r.IDs, got)
	}
}

// TestSlowReader: a reader that reads nothing until the end holds up nobody, and
// misses nothing.
func TestSlowReader(t *testing.T) {
	e := quickReference(t, engine.Plans{Context: 256, Batch: true, Sequences: 2})
	l := loop(t, e, Options{})
	slow := ask(t, l, context.Background(), plain([]int32{1}, 200))
	for i := range 5 {
		if r := answer(t, l, plain([]int32{2, int32(i)}, 20)); len(r.IDs) != 20 {
			t.Errorf("beside a slow reader: %+v", r)
		}
	}
	n := 0
	for ev := range slow.Events() {
		if ev.Token != nil {
			n++
		}
	}
	if n != 200 {
		t.Errorf("a slow reader gets %d tokens of 200", n)
	}
	if _, more := slow.Next(); more {
		t.Error("there is an event behind the result")
	}
}

// TestFull: more requests than may wait are refused at once; one that runs does not
// wait.
func TestFull(t *testing.T) {
	steps := make(chan string, 100)
	e, _, open := openGated(t, engine.Plans{Context: 64}, watched(steps))
	defer open()
	l := loop(t, e, Options{Waiting: 2})
	r := plain([]int32{1}, 3)
	streams := []*Stream{ask(t, l, context.Background(), r)}
	<-steps // the first is let in
	for range 2 {
		streams = append(streams, ask(t, l, context.Background(), r))
	}
	if _, err := l.Submit(context.Background(), r); !errors.Is(err, ErrFull) {
		t.Errorf("a third request may wait: %v", err)
	}
	if s := l.Stats(); s.Running != 1 || s.Waiting != 2 {
		t.Errorf("%+v, wanted one that runs and two that wait", s)
	}
	open()
	for _, s := range streams {
		if r := s.Result(); r.Err != nil || len(r.IDs) != 3 || r.Queued < 0 || r.Prefill <= 0 || r.Decode <= 0 || r.Steps != 2 {
			t.Errorf("%+v", r)
		}
	}
}

// TestClose: closing cancels what runs and what waits; afterwards nothing is taken.
func TestClose(t *testing.T) {
	e, _, open := openGated(t, engine.Plans{Context: 64})
	defer open()
	l, err := Start(e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var streams []*Stream
	for range 3 {
		streams = append(streams, ask(t, l, context.Background(), plain([]int32{1}, 50)))
	}
	closed := make(chan error)
	go func() { closed <- l.Close() }()
	open()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	for _, s := range streams {
		if r := s.Result(); r.Finish != FinishCancel || r.Err != nil {
			t.Errorf("after Close: %+v", r)
		}
	}
	if _, err := l.Submit(context.Background(), plain([]int32{1}, 1)); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed loop takes a request: %v", err)
	}
	unused(t, e)
}

// TestDeviceLost: an error of the device ends every request with that error, and
// the loop; later requests get it too.
func TestDeviceLost(t *testing.T) {
	e := openFailing(t, 5)
	l, err := Start(e, Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := ask(t, l, context.Background(), plain([]int32{1}, 50)), ask(t, l, context.Background(), plain([]int32{2}, 50))
	for _, s := range []*Stream{a, b} {
		if r := s.Result(); !errors.Is(r.Err, errLost) || r.Finish != "" {
			t.Errorf("%+v", r)
		}
	}
	<-l.Done()
	if _, err := l.Submit(context.Background(), plain([]int32{1}, 1)); !errors.Is(err, errLost) {
		t.Errorf("afterwards: %v", err)
	}
	if err := l.Close(); !errors.Is(err, errLost) {
		t.Errorf("Close says %v", err)
	}
	if err := e.Close(); !errors.Is(err, errLost) {
		t.Errorf("the engine's Close says %v", err)
	}
}

// TestNaN: logits that are no numbers end the request that has them, and no other;
// a later prompt that begins alike does not find its pages.
func TestNaN(t *testing.T) {
	s := quick
	s.Name = "broken"
	s.Vocab = 301
	m, err := s.Model(t)
	if err != nil {
		t.Fatal(err)
	}
	// One token's embedding is no number.
	x, _ := m.File.Tensor("token_embd.weight")
	poison(x.Data, 7, quant.Q8_0.BlockBytes()*64/quant.Q8_0.BlockSize())
	e := enginetest.Reference(t, m, engine.Plans{Context: 128, Batch: true, Sequences: 3})
	l := loop(t, e, Options{Keep: true})
	ids := measure.Tokens(300, 80, 3)
	for i := range ids {
		if ids[i] == 7 {
			ids[i] = 8
		}
	}
	bad := slices.Concat(ids, []int32{7})
	good := ask(t, l, context.Background(), Request{IDs: []int32{9}, MaxTokens: 12, Sampling: sample.Greedy(), IgnoreEOG: true})
	for _, p := range []sample.Params{sample.Greedy(), {Temperature: 1, TopP: 1, RepeatPenalty: 1}} {
		r := ask(t, l, context.Background(), Request{IDs: bad, MaxTokens: 4, Sampling: p}).Result()
		if !errors.Is(r.Err, sample.ErrNotFinite) || len(r.IDs) != 0 || r.Reused != 0 {
			t.Errorf("a prompt with a token that is no number: %+v", r)
		}
	}
	if r := good.Result(); r.Err != nil || len(r.IDs) != 12 {
		t.Errorf("beside it: %+v", r)
	}
	if r := answer(t, l, plain(ids, 3)); r.Reused != 0 {
		t.Errorf("%d tokens of a prompt that went wrong are used again", r.Reused)
	}
}

// poison makes row n of a tensor of rows of so many bytes no numbers.
func poison(data []byte, n, row int) {
	for at := n * row; at < (n+1)*row; at += quant.Q8_0.BlockBytes() {
		data[at], data[at+1] = 0, 0x7e // the block's scale, a half
	}
}
