package observe

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/enginetest"
	"moeflow/cmd/moeflow/internal/model"
	"moeflow/cmd/moeflow/internal/testmodel"
	"moeflow/cmd/moeflow/internal/trace"
	"moeflow/graph"
)

// event is one of a trace's; times are microseconds.
type event struct {
	Ph, Name string
	Pid, Tid int
	Ts, Dur  float64
	ID       uint64
	Args     struct {
		Step     uint64
		Slot     *int
		Name     string
		ID       *int32
		Rows     int
		Dispatch *int
	}
}

func (e event) end() float64 { return e.Ts + e.Dur }

// rounding is how far sums of rounded times may be off.
const rounding = 0.0015

// traced generates n tokens and returns the trace's events by the name of their
// row.
func traced(t *testing.T, m *model.Model, o engine.Plans, slots int, ids []int32, n int) (*engine.Engine, map[string][]event) {
	t.Helper()
	var out bytes.Buffer
	w, err := trace.New(&out, 0)
	if err != nil {
		t.Fatal(err)
	}
	o.Context = 256
	e := enginetest.Start(t, m, o, enginetest.Timestamps, enginetest.Observer(Trace(w)), enginetest.Slots(slots))
	done := e.Tokenizing("tokenize")
	done()
	greedy(t, e, ids, n)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var f struct{ TraceEvents []event }
	if err := json.Unmarshal(out.Bytes(), &f); err != nil {
		t.Fatal(err)
	}
	names, rows := map[[2]int]string{}, map[string][]event{}
	for _, x := range f.TraceEvents {
		if x.Name == "thread_name" && x.Ph == "M" {
			names[[2]int{x.Pid, x.Tid}] = x.Args.Name
		}
	}
	for _, x := range f.TraceEvents {
		if x.Ph == "M" {
			continue
		}
		name, ok := names[[2]int{x.Pid, x.Tid}]
		if !ok {
			t.Fatalf("%+v is on a row without a name", x)
		}
		rows[name] = append(rows[name], x)
	}
	return e, rows
}

// checkNesting: slices of a row lie behind or within each other, and those that
// hold others come first in the file.
func checkNesting(t *testing.T, row string, list []event) {
	t.Helper()
	var slicesOf []event
	for _, x := range list {
		if x.Ph == "X" {
			slicesOf = append(slicesOf, x)
		}
	}
	sort.SliceStable(slicesOf, func(a, b int) bool { return slicesOf[a].Ts < slicesOf[b].Ts })
	var open []event
	for _, x := range slicesOf {
		for len(open) > 0 && open[len(open)-1].end() <= x.Ts+rounding && open[len(open)-1].end() < x.end() {
			open = open[:len(open)-1]
		}
		if len(open) > 0 && x.end() > open[len(open)-1].end()+rounding {
			t.Errorf("%s: %q from %.3f to %.3f crosses the end of %q at %.3f", row, x.Name, x.Ts, x.end(), open[len(open)-1].Name, open[len(open)-1].end())
			return
		}
		open = append(open, x)
	}
}

// find is the slices of a row with a name.
func find(list []event, name string) (out []event) {
	for _, x := range list {
		if strings.HasPrefix(x.Name, name) && x.Ph == "X" {
			out = append(out, x)
		}
	}
	return out
}

// TestTrace: every row's times nest and go on, every step and every dispatch of
// it is there, and the device's work lies between its submit and the end of the
// wait for it.
func TestTrace(t *testing.T) {
	m, ids := testmodel.Tiny(t), testmodel.Goldens(t)["go_ids"].Int32
	const n = 12
	for slots, o := range map[int]engine.Plans{2: {}, 3: {Granularity: graph.PerStage}} {
		e, rows := traced(t, m, o, slots, ids, n)
		for row, list := range rows {
			checkNesting(t, row, list)
		}
		var tokens []event
		for _, x := range rows["tokens"] {
			if x.Ph != "i" || x.Args.ID == nil || len(tokens) > 0 && x.Ts < tokens[len(tokens)-1].Ts {
				t.Errorf("token %+v", x)
			}
			tokens = append(tokens, x)
		}
		if len(tokens) != n {
			t.Errorf("%d tokens, wanted %d", len(tokens), n)
		}
		if len(find(rows["tokenizer"], "tokenize")) != 1 || len(find(rows["sampler"], "read the sampled token")) != n {
			t.Errorf("tokenizer %v, sampler %v", rows["tokenizer"], rows["sampler"])
		}
		queue := rows["queue"]
		steps := append(find(queue, "prefill step"), find(queue, "decode step")...)
		if got := len(find(rows["host loop"], "enqueue")); got != len(steps) || len(find(rows["host loop"], "wait for a step")) != len(steps) {
			t.Errorf("%d steps on the device, %d enqueued", len(steps), got)
		}
		if d := find(queue, "decode step"); len(d) != n-1 || d[0].Args.Rows != 1 {
			t.Errorf("%d decode steps, wanted %d", len(d), n-1)
		}
		checkSteps(t, e, rows, steps)
	}
}

// checkSteps compares each step on the device with the host's view of it.
func checkSteps(t *testing.T, e *engine.Engine, rows map[string][]event, steps []event) {
	t.Helper()
	slots := map[int]bool{}
	total := 0
	for _, s := range steps {
		if s.Args.Slot == nil || s.Args.Step == 0 {
			t.Fatalf("step %+v has no number or slot", s)
		}
		slots[*s.Args.Slot] = true
		total += s.Args.Rows
		of := func(row, name string) event {
			t.Helper()
			for _, x := range find(rows[row], name) {
				if x.Args.Step == s.Args.Step {
					return x
				}
			}
			t.Fatalf("%s has no %q of step %d", row, name, s.Args.Step)
			return event{}
		}
		first := "segment 0: " + e.Plans[0].Segments[0].Name
		submit, wait := of(first, "submit"), of("waits for the device", "wait for the device")
		if s.Ts < submit.Ts-rounding || s.end() > wait.end()+rounding {
			t.Errorf("step %d runs from %.3f to %.3f, submitted at %.3f, waited for until %.3f", s.Args.Step, s.Ts, s.end(), submit.Ts, wait.end())
		}
		for i, seg := range e.Plans[0].Segments {
			of(fmt.Sprintf("segment %d: %s", i, seg.Name), "submit")
		}
		var dispatches []int
		for _, x := range rows["queue"] {
			if x.Args.Step == s.Args.Step && x.Args.Dispatch != nil {
				dispatches = append(dispatches, *x.Args.Dispatch)
			}
		}
		plan := e.PlanFor(s.Args.Rows)
		if len(dispatches) != len(plan.Dispatches) || !slices.IsSorted(dispatches) {
			t.Errorf("step %d of %d rows has %d dispatches, wanted %d", s.Args.Step, s.Args.Rows, len(dispatches), len(plan.Dispatches))
		}
	}
	if len(slots) != e.Slots {
		t.Errorf("steps in slots %v of %d", slots, e.Slots)
	}
	if total == 0 {
		t.Error("no rows")
	}
}

// TestArrows: each step has one from its submit to the device.
func TestArrows(t *testing.T) {
	e, rows := traced(t, testmodel.Tiny(t), engine.Plans{}, 2, []int32{1, 2, 3}, 4)
	from, to := map[uint64]event{}, map[uint64]event{}
	for _, x := range rows["segment 0: "+e.Plans[0].Segments[0].Name] {
		if x.Ph == "s" {
			from[x.ID] = x
		}
	}
	for _, x := range rows["queue"] {
		if x.Ph == "f" {
			to[x.ID] = x
		}
	}
	if len(from) != len(to) || len(from) != int(e.StepsBegun()) {
		t.Errorf("%d arrows begin, %d end, %d steps", len(from), len(to), e.StepsBegun())
	}
	for id, x := range from {
		if to[id].Ts < x.Ts-rounding {
			t.Errorf("the arrow of step %d goes from %.3f to %.3f", id, x.Ts, to[id].Ts)
		}
	}
}
