package observe

import (
	"fmt"
	"sync"
	"time"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/trace"
	"moeflow/graph"
	"moeflow/graph/backend"
)

// tracer writes all that an engine does to a trace: the host's goroutines, each
// a row, and the device's dispatches on the same time line.
type tracer struct {
	e       *engine.Engine
	w       *trace.Writer
	progs   []backend.Timed
	rows    [engine.Lanes]trace.Row
	tokens  trace.Row
	device  trace.Row
	workers []worker      // each is touched by its own goroutine alone
	clock   backend.Clock // of the last worker's, like what follows
	asked   time.Time
	end     time.Time // of the last dispatch
	failed  bool

	mu    sync.Mutex
	steps map[uint64]tracedStep // in flight
}

// worker is one of the flow's goroutines and the times of its last moments.
type worker struct {
	row                             trace.Row
	free, received, started, worked time.Time
}

// tracedStep is what is known of a step in flight.
type tracedStep struct {
	rows   int
	decode bool
	submit time.Time // of its first segment
}

func (s tracedStep) kind() string {
	if s.decode {
		return "decode"
	}
	return "prefill"
}

// Trace makes the observer that writes a trace. The engine must time its
// dispatches.
func Trace(w *trace.Writer) func(*engine.Engine) (engine.Observer, error) {
	return func(e *engine.Engine) (engine.Observer, error) { return newTracer(e, w) }
}

func newTracer(e *engine.Engine, w *trace.Writer) (*tracer, error) {
	progs, err := timed(e)
	if err != nil {
		return nil, err
	}
	t := &tracer{e: e, w: w, progs: progs, steps: map[uint64]tracedStep{}}
	host := w.Process("host")
	for i, name := range [engine.Lanes]string{"host loop", "tokenizer", "sampler"} {
		t.rows[i] = w.Row(host, name)
	}
	t.tokens = w.Row(host, "tokens")
	now := time.Now()
	for i := range e.Segments() {
		t.workers = append(t.workers, worker{row: w.Row(host, fmt.Sprintf("segment %d: %s", i, e.Plans[0].Segments[i].Name)), free: now})
	}
	t.workers = append(t.workers, worker{row: w.Row(host, "waits for the device"), free: now})
	t.device = w.Row(w.Process(e.Device.Name), "queue")
	if t.clock, err = progs[0].Clock(); err != nil {
		return nil, err
	}
	t.asked = now
	w.Meta("model", e.Model.Name())
	w.Meta("device", e.Device.Name)
	w.Meta("clock", fmt.Sprintf("device ticks on the host's clock by %s, within %v", t.clock.How, t.clock.Within))
	return t, nil
}

// args names a step in an event's details.
func args(t graph.Ticket, more ...trace.Arg) []trace.Arg {
	if t.Step == 0 {
		return more
	}
	return append([]trace.Arg{{Key: "step", Value: t.Step}, {Key: "slot", Value: t.Slot}}, more...)
}

func (t *tracer) Started(k graph.Ticket, s *engine.Step) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.steps[k.Step] = tracedStep{rows: len(s.Rows), decode: s.Decode}
}

func (t *tracer) Finished(graph.Ticket) error { return nil }

func (t *tracer) Span(l engine.Lane, name string, begin time.Time, k graph.Ticket) {
	t.w.Slice(t.rows[l], name, begin, time.Now(), args(k)...)
}

func (t *tracer) Token(id int32, k graph.Ticket) {
	text := t.e.Model.Tokenizer.Decode([]int32{id}, true)
	t.w.Instant(t.tokens, text, time.Now(), args(k, trace.Arg{Key: "id", Value: int(id)})...)
}

func (t *tracer) Hook(what engine.Moment, n int, k graph.Ticket) {
	w, now := &t.workers[n], time.Now()
	last := n == len(t.workers)-1
	switch what {
	case engine.Received:
		t.waited(w, "channel: wait for a ticket", w.free, now, k)
		w.received, w.started = now, now
	case engine.Begun:
		t.waited(w, "wait for the step before to be submitted", w.received, now, k)
		w.started = now
		t.mu.Lock()
		s := t.steps[k.Step]
		s.submit = now
		t.steps[k.Step] = s
		t.mu.Unlock()
	case engine.Worked:
		name := "submit"
		if last {
			name = "wait for the device"
		}
		t.w.Slice(w.row, name, w.started, now, args(k)...)
		if w.worked = now; last {
			t.dispatches(k, now)
			w.worked = time.Now()
			t.w.Slice(w.row, "trace: write the step", now, w.worked, args(k)...)
		}
	case engine.Sent:
		t.waited(w, "channel: wait for room", w.worked, now, k)
		w.free = now
	}
}

// waited writes a wait, if there was one to speak of.
func (t *tracer) waited(w *worker, what string, begin, end time.Time, k graph.Ticket) {
	if end.Sub(begin) >= time.Microsecond {
		t.w.Slice(w.row, what, begin, end, args(k)...)
	}
}

// clockAge is how old the clocks' comparison may be.
const clockAge = 500 * time.Millisecond

// dispatches writes a finished step: a slice for it, in that one for each stage,
// and in that one for each dispatch.
func (t *tracer) dispatches(k graph.Ticket, now time.Time) {
	t.mu.Lock()
	s := t.steps[k.Step]
	delete(t.steps, k.Step)
	t.mu.Unlock()
	ticks, err := t.progs[k.Plan].Ticks(k.Slot)
	if err == nil && !t.clock.Idle && now.Sub(t.asked) > clockAge {
		t.asked = now
		t.clock, err = t.progs[k.Plan].Clock()
	}
	if err != nil {
		if !t.failed {
			t.w.Meta("error", err.Error())
		}
		t.failed = true
		return
	}
	t.settle(ticks, s.submit, now)
	plan, times := t.e.Plans[k.Plan], t.onHost(ticks)
	a := args(k, trace.Arg{Key: "rows", Value: s.rows})
	t.w.Slice(t.device, fmt.Sprintf("%s step %d", s.kind(), k.Step), times[0][0], times[len(times)-1][1], a...)
	t.w.Arrow("submit", k.Step, t.workers[0].row, s.submit, t.device, times[0][0])
	for i := 0; i < len(times); {
		n := plan.Dispatches[i].Node
		j := i
		for j < len(times) && plan.Dispatches[j].Node == n {
			j++
		}
		t.w.Slice(t.device, plan.Nodes[n].Name, times[i][0], times[j-1][1], args(k)...)
		for ; i < j; i++ {
			t.w.Slice(t.device, plan.Dispatches[i].Kernel.String(), times[i][0], times[i][1], args(k, trace.Arg{Key: "dispatch", Value: i})...)
		}
	}
}

// settle corrects the clock where it says what cannot be: that a step ran before
// it was submitted, or after it was waited for.
func (t *tracer) settle(ticks []backend.Ticks, submit, now time.Time) {
	if late := t.clock.At(ticks[len(ticks)-1].End).Sub(now); late > 0 {
		t.clock.Host = t.clock.Host.Add(-late)
	}
	if early := submit.Sub(t.clock.At(ticks[0].Begin)); early > 0 {
		t.clock.Host = t.clock.Host.Add(early)
	}
}

// onHost is each dispatch's begin and end on the host's clock. As the clocks are
// compared anew now and then, a step might seem to begin before the one before
// has ended: it is cut there.
func (t *tracer) onHost(ticks []backend.Ticks) [][2]time.Time {
	out := make([][2]time.Time, len(ticks))
	at := func(tick uint64) time.Time {
		if x := t.clock.At(tick); x.After(t.end) {
			t.end = x
		}
		return t.end
	}
	for i, x := range ticks {
		out[i] = [2]time.Time{at(x.Begin), at(x.End)}
	}
	return out
}

// timed are an engine's programs, which must time their dispatches.
func timed(e *engine.Engine) ([]backend.Timed, error) {
	out := make([]backend.Timed, len(e.Plans))
	for i := range out {
		var err error
		if out[i], err = e.Timed(i); err != nil {
			return nil, err
		}
	}
	return out, nil
}
