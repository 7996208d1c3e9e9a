package vk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"moeflow/graph"
	"moeflow/graph/flow"
)

// TestSegments runs steps through goroutines joined by channels, cut in several
// ways and with several slots in flight, and wants the same numbers from all.
func TestSegments(t *testing.T) {
	const layers, steps = 7, 12
	for _, each := range []int{layers + 1, 3, 1} {
		for _, slots := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%d dispatches a segment, %d slots", each, slots), func(t *testing.T) {
				c := newModel(layers)
				r := openTest(t, Options{})
				if err := r.Upload(c.upload(), nil); err != nil {
					t.Fatal(err)
				}
				progs, err := r.Load([]*graph.Plan{c.plan(each)}, slots)
				if err != nil {
					t.Fatal(err)
				}
				runSteps(t, c, progs[0], slots, steps)
			})
		}
	}
}

// runSteps keeps as many steps in flight as there are slots.
func runSteps(t *testing.T, c *model, p *Program, slots, steps int) {
	t.Helper()
	f := flow.Start(context.Background(), len(p.plan.Segments), slots, p, flow.Hooks{})
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	input := func(step int) []float32 {
		x := make([]float32, width)
		x[step%width], x[(3*step)%width] = float32(step), 1
		return x
	}
	next := func(step int) {
		tick, err := f.Next()
		if err != nil {
			t.Fatal(err)
		}
		y, state := c.step(input(step))
		if int(tick.Step) != step || !slices.Equal(read(t, p, tick.Slot, "y"), y) || !slices.Equal(read(t, p, tick.Slot, "state"), state) {
			t.Errorf("step %d, wanted %d: y %v, wanted %v; state %v, wanted %v", tick.Step, step, read(t, p, tick.Slot, "y"), y, read(t, p, tick.Slot, "state"), state)
		}
	}
	for s := 1; s <= steps; s++ {
		if s > slots {
			next(s - slots)
		}
		slot := s % slots
		set(t, p, slot, input(s))
		if err := f.Enqueue(graph.Ticket{Step: uint64(s), Slot: slot, Read: 3}); err != nil {
			t.Fatal(err)
		}
	}
	for s := max(1, steps-slots+1); s <= steps; s++ {
		next(s)
	}
}

// TestPlansShare loads two plans of one model: their state is one.
func TestPlansShare(t *testing.T) {
	c := newModel(3)
	r := openTest(t, Options{})
	if err := r.Upload(c.upload(), nil); err != nil {
		t.Fatal(err)
	}
	plans := []*graph.Plan{c.plan(4), c.plan(2)}
	for range 2 { // a second time after Unload: the state is zero again
		c.state = make([]float32, width)
		progs, err := r.Load(plans, 1)
		if err != nil {
			t.Fatal(err)
		}
		for s := range 4 {
			p := progs[s%2]
			x := make([]float32, width)
			x[s] = 1
			set(t, p, 0, x)
			tick := graph.Ticket{Step: uint64(s + 1), Plan: s % 2, Read: 1}
			for seg := range p.plan.Segments {
				if err := p.Submit(seg, tick); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.Wait(context.Background(), tick); err != nil {
				t.Fatal(err)
			}
			if _, state := c.step(x); !slices.Equal(read(t, p, 0, "state"), state) {
				t.Errorf("step %d: state %v, wanted %v", s, read(t, p, 0, "state"), state)
			}
		}
		if err := r.Unload(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWaitCancelled waits for a value that nothing signals until the context
// ends, and then again for one that came.
func TestWaitCancelled(t *testing.T) {
	c := newModel(2)
	r := openTest(t, Options{})
	if err := r.Upload(c.upload(), nil); err != nil {
		t.Fatal(err)
	}
	progs, err := r.Load([]*graph.Plan{c.plan(9)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, tick := progs[0], graph.Ticket{Step: 1}
	p.last[tick.Step] = r.line.value + 1
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := p.Wait(ctx, tick); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a cancelled wait gives %v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("a cancelled wait took %v", d)
	}
	set(t, p, 0, make([]float32, width))
	if err := p.Submit(0, graph.Ticket{Step: 2}); err != nil { // signals the value
		t.Fatal(err)
	}
	if err := p.Wait(context.Background(), tick); err != nil {
		t.Error(err)
	}
	wantError(t, p.Wait(context.Background(), tick), "step 1 was not submitted")
}

func TestMisuse(t *testing.T) {
	c := newModel(2)
	r := openTest(t, Options{})
	if err := r.Upload(c.upload(), nil); err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Upload(c.upload(), nil), "blk.0.w", "uploaded before")
	progs, err := r.Load([]*graph.Plan{c.plan(1)}, 1)
	if err != nil {
		t.Fatal(err)
	}
	p := progs[0]
	wantError(t, p.Submit(1, graph.Ticket{Step: 1}), "segment 1 of step 1", "before")
	wantError(t, p.Submit(9, graph.Ticket{Step: 1}), "no segment 9")
	wantError(t, p.Submit(0, graph.Ticket{Step: 1, Slot: 1}), "slot 1")
	_, err = p.Input(0, "y")
	wantError(t, err, "no input y")
	_, err = p.Input(1, "x")
	wantError(t, err, "slot 1")
	_, err = p.Read(0, p.plan.Find("x"))
	wantError(t, err, "reads back no tensor")
	_, err = p.Times(0)
	wantError(t, err, "no timestamps")
	_, err = r.Load([]*graph.Plan{c.plan(1)}, 1)
	wantError(t, err, "nothing loaded")
}

// TestTimes times every dispatch of a step cut into segments.
func TestTimes(t *testing.T) {
	c := newModel(4)
	r := openTest(t, Options{Timestamps: true})
	if err := r.Upload(c.upload(), nil); err != nil {
		t.Fatal(err)
	}
	progs, err := r.Load([]*graph.Plan{c.plan(2)}, 2)
	if err != nil {
		t.Fatal(err)
	}
	_, err = progs[0].Times(1)
	wantError(t, err, "no step in slot 1")
	runSteps(t, c, progs[0], 1, 1)
	_, err = progs[0].Times(1)
	wantError(t, err, "no step in slot 1")
	if times, err := progs[0].Times(0); err != nil || len(times) != 5 {
		t.Errorf("slot 0 after its first step: times %v, %v", times, err)
	}
	runSteps(t, c, progs[0], 2, 4)
	_, err = progs[0].Times(2)
	wantError(t, err, "slot 2")
	for slot := range 2 {
		times, err := progs[0].Times(slot)
		if err != nil {
			t.Fatal(err)
		}
		if len(times) != 5 || slices.Min(times) < 0 || slices.Max(times) == 0 || slices.Max(times) > time.Minute {
			t.Errorf("slot %d: times %v", slot, times)
		}
	}
}
