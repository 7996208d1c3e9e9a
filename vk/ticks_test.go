package vk

import (
	"context"
	"testing"
	"time"

	"moeflow/graph"
)

// loaded is a small model on the device, cut into segments of each dispatches.
func loaded(t *testing.T, o Options, each int) (*model, *Program) {
	t.Helper()
	c := newModel(4)
	r := openTest(t, o)
	if err := r.Upload(c.upload(), nil); err != nil {
		t.Fatal(err)
	}
	progs, err := r.Load([]*graph.Plan{c.plan(each)}, 2)
	if err != nil {
		t.Fatal(err)
	}
	return c, progs[0]
}

// TestTicksOnTheHostsClock: whichever way the clocks are compared, a step's
// dispatches lie, in order, between the host's submit and the end of its wait.
func TestTicksOnTheHostsClock(t *testing.T) {
	_, p := loaded(t, Options{Timestamps: true}, 2)
	how := p.r.d.clock
	for _, calibrated := range []bool{how, false} {
		p.r.d.clock = calibrated
		set(t, p, 1, make([]float32, width))
		start := time.Now()
		tick := graph.Ticket{Step: p.r.line.value + 1, Slot: 1}
		for seg := range p.plan.Segments {
			if err := p.Submit(seg, tick); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Wait(context.Background(), tick); err != nil {
			t.Fatal(err)
		}
		end := time.Now()
		clock, err := p.Clock()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: within %v", clock.How, clock.Within)
		if clock.Idle == calibrated || clock.Within <= 0 || clock.Within > time.Second || clock.Period <= 0 {
			t.Errorf("clock %+v", clock)
		}
		ticks, err := p.Ticks(1)
		if err != nil || len(ticks) != len(p.plan.Dispatches) {
			t.Fatalf("%d ticks of %d dispatches, %v", len(ticks), len(p.plan.Dispatches), err)
		}
		last := start.Add(-clock.Within)
		for i, x := range ticks {
			b, e := clock.At(x.Begin), clock.At(x.End)
			if b.Before(last) || e.Before(b) {
				t.Errorf("dispatch %d runs from %v to %v after %v", i, b.Sub(start), e.Sub(start), last.Sub(start))
			}
			last = e
		}
		if last.After(end.Add(clock.Within)) {
			t.Errorf("the step ends %v after the host waited for it", last.Sub(end))
		}
	}
}

// TestProgress: every segment of a step is done before its wait ends, and what
// was waited for is forgotten.
func TestProgress(t *testing.T) {
	_, p := loaded(t, Options{Timestamps: true}, 1)
	set(t, p, 0, make([]float32, width))
	tick := graph.Ticket{Step: 1}
	progress := func() int {
		n, err := p.Progress(tick)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	last := progress()
	if last != 0 {
		t.Errorf("%d segments are done before any is submitted", last)
	}
	for seg := range p.plan.Segments {
		if err := p.Submit(seg, tick); err != nil {
			t.Fatal(err)
		}
		n := progress()
		if n < last || n > seg+1 {
			t.Errorf("%d segments are done after %d of %d", n, last, seg+1)
		}
		last = n
	}
	if err := p.r.line.wait(p.r.line.value); err != nil {
		t.Fatal(err)
	}
	if n := progress(); n != len(p.plan.Segments) {
		t.Errorf("%d of %d segments are done at the end", n, len(p.plan.Segments))
	}
	if err := p.Wait(context.Background(), tick); err != nil {
		t.Fatal(err)
	}
	if len(p.marks) != 0 || progress() != 0 {
		t.Errorf("%d steps are remembered after their wait", len(p.marks))
	}
}

func TestNoClockWithoutTimestamps(t *testing.T) {
	_, p := loaded(t, Options{}, 9)
	_, err := p.Clock()
	wantError(t, err, "without timestamps")
	if p.r.d.clock {
		t.Error("the extension of clocks is on without timestamps")
	}
}
