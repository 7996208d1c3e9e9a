package generate

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/measure"
	"moeflow/gguf/quant"
	"moeflow/graph"
	"moeflow/graph/backend"
	"moeflow/stages/ref"
)

// TestBatchEnds: tokens that end a text, stop strings, max_tokens and the
// context's end, and prompts that fail alone.
func TestBatchEnds(t *testing.T) {
	e := startBatch(t, quick, engine.Plans{Sequences: 8})
	ids := measure.Tokens(e.Model.Vocab, 20, 3)
	ask := func(key int, ids []int32, n int) *BatchRequest { return &BatchRequest{key, plain(ids, n)} }
	whole := answers(t, e, BatchOptions{}, []*BatchRequest{ask(0, ids, 12)})[0].IDs
	prompts := []*BatchRequest{ask(0, ids, 5), ask(1, ids, 12), ask(2, measure.Tokens(e.Model.Vocab, 250, 4), 40), ask(3, nil, 4), ask(4, measure.Tokens(e.Model.Vocab, 257, 4), 4),
		ask(5, []int32{7, 301}, 4), ask(6, ids, 0), ask(7, ids, 4), ask(8, measure.Tokens(e.Model.Vocab, 256, 4), 9)}
	var seen []int32
	prompts[1].Stop = func(id int32) bool {
		seen = append(seen, id)
		return len(seen) == 3
	}
	prompts[7].Sampling.TopP = 2
	got := answers(t, e, BatchOptions{}, prompts)
	for key, want := range []Result{{IDs: whole[:5], Finish: FinishLength}, {IDs: whole[:3], Finish: FinishStop}} {
		if r := got[key]; !slices.Equal(r.IDs, want.IDs) || r.Finish != want.Finish || r.Err != nil {
			t.Errorf("prompt %d: %+v, want %+v", key, r, want)
		}
	}
	if !slices.Equal(seen, whole[:3]) {
		t.Errorf("Stop saw %v, want %v", seen, whole[:3])
	}
	if a, b := got[2], got[8]; len(a.IDs) != 7 || a.Finish != FinishLength || len(b.IDs) != 1 || b.Finish != FinishLength {
		t.Errorf("at the context's end: %+v, %+v", a, b)
	}
	for key, want := range map[int]string{3: "empty", 4: "the prompt has 257 tokens, the context holds 256", 5: "token 1 of the prompt is 301", 6: "max_tokens is 0", 7: "top_p is 2"} {
		if r, bad := got[key], new(engine.PromptError); !errors.As(r.Err, &bad) || !strings.Contains(r.Err.Error(), want) || len(r.IDs) > 0 {
			t.Errorf("prompt %d: %+v, want an error with %q", key, r, want)
		}
	}
}

// endless gives prompts for ever.
func endless(e *engine.Engine, longest, tokens int) func() (*BatchRequest, error) {
	key := 0
	return func() (*BatchRequest, error) {
		key++
		r := plain(measure.Tokens(e.Model.Vocab, 1+key%longest, uint64(key)), tokens)
		r.LogProbs, r.Top = key%3 > 0, max(0, key%3-1)
		return &BatchRequest{key, r}, nil
	}
}

// TestBatchStopsEarly: errors of the caller's functions and a cancelled context
// end a batch; what was delivered stays so, and the engine can go on.
func TestBatchStopsEarly(t *testing.T) {
	e := startBatch(t, quick, engine.Plans{Sequences: 8})
	bad := errors.New("no more of this")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, c := range map[string]struct {
		next func(int) error
		done func(int) error
		want error
	}{
		"next":   {next: func(n int) error { return fail(n == 200, bad) }, want: bad},
		"done":   {done: func(n int) error { return fail(n == 10, bad) }, want: bad},
		"cancel": {done: func(n int) error { return fail(n == 10, ctx.Err()) }, want: context.Canceled},
	} {
		given, delivered, source := 0, 0, endless(e, 40, 6)
		err := Batch(ctx, e, BatchOptions{OnStep: func(s Stats) {
			if name == "cancel" && s.Steps == 9 {
				cancel()
			}
		}}, func() (*BatchRequest, error) {
			given++
			if c.next != nil && c.next(given) != nil {
				return nil, bad
			}
			return source()
		}, func(BatchResult) error {
			delivered++
			if c.done == nil || name == "cancel" {
				return nil
			}
			return c.done(delivered)
		})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if delivered == 0 {
			t.Errorf("%s: nothing was delivered: %v, %d given", name, err, given)
		}
		unused(t, e)
		if name == "cancel" {
			ctx, cancel = context.WithCancel(context.Background())
			defer cancel()
		}
	}
	if got := answers(t, e, BatchOptions{}, manyPrompts(e, 4, 9, 4)); len(got) != 4 {
		t.Errorf("afterwards: %v", got)
	}
}

func fail(now bool, err error) error {
	if now {
		return err
	}
	return nil
}

// failing is a device that is lost at a step.
type failing struct {
	backend.Device
	at uint64
}

type failingProgram struct {
	backend.Program
	at uint64
}

func (f failing) Load(plans []*graph.Plan, slots int) ([]backend.Program, error) {
	progs, err := f.Device.Load(plans, slots)
	for i, p := range progs {
		progs[i] = failingProgram{p, f.at}
	}
	return progs, err
}

var errLost = errors.New("the device was lost")

func (f failingProgram) Wait(ctx context.Context, t graph.Ticket) error {
	if t.Step >= f.at {
		return errLost
	}
	return f.Program.Wait(ctx, t)
}

// openFailing opens an engine for a batch whose device is lost at a step.
func openFailing(t *testing.T, at uint64) *engine.Engine {
	t.Helper()
	m, err := quick.Model(t)
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(m, engine.Options{
		Load:  engine.Load{Slots: 3, Open: func(bool) (backend.Device, error) { return failing{ref.NewDevice(), at}, nil }},
		Plans: engine.Plans{Batch: true, Sequences: 8, Context: 256, KVType: quant.F16},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestBatchDeviceLost: results that were there are kept, and Batch and Close
// tell why.
func TestBatchDeviceLost(t *testing.T) {
	e := openFailing(t, 12)
	delivered := 0
	err := Batch(context.Background(), e, BatchOptions{}, endless(e, 40, 3), func(BatchResult) error {
		delivered++
		return nil
	})
	if !errors.Is(err, errLost) || delivered < 8 {
		t.Errorf("%v after %d results", err, delivered)
	}
	if err := e.Close(); !errors.Is(err, errLost) {
		t.Errorf("Close says %v", err)
	}
}

// TestBatchMemory: memory does not grow with the number of prompts.
func TestBatchMemory(t *testing.T) {
	e := startBatch(t, quick, engine.Plans{Sequences: 64, Buckets: enginetest.Buckets(128, 64)})
	const all = 2000
	n, source := 0, endless(e, 9, 1)
	var heaps []uint64
	begin := time.Now()
	err := Batch(context.Background(), e, BatchOptions{}, func() (*BatchRequest, error) {
		if n++; n > all {
			return nil, nil
		}
		return source()
	}, func(r BatchResult) error {
		if r.Err != nil || len(r.IDs) != 1 {
			return fmt.Errorf("%+v", r)
		}
		if r.Key%500 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			heaps = append(heaps, m.HeapAlloc)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d prompts in %v, heap %v", all, time.Since(begin), heaps)
	if len(heaps) != 4 || heaps[3] > heaps[0]+heaps[0]/4 {
		t.Errorf("the heap grows: %v", heaps)
	}
	unused(t, e)
}
