package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// ruled is a trace event with all that the format's rules speak of.
type ruled struct {
	Ph, Name, Bp string
	Pid, Tid     int
	Ts, Dur      *float64
	ID           *uint64
	Args         struct{ Step uint64 }
}

// end is when a slice ends, in microseconds.
func (e *ruled) end() float64 { return *e.Ts + *e.Dur }

// slack is what times may be off by: they are written in whole nanoseconds.
const slack = 0.003

// TestTraceRules holds a trace to the Trace Event Format, in which viewers read
// it: kinds, times, rows that are named, slices of a row that lie beside or
// within each other, arrows with one start and one end; and a step's work on
// the device to the time between its submit and the end of waiting for it.
func TestTraceRules(t *testing.T) {
	for _, cut := range []string{"stage", "device"} {
		path := filepath.Join(t.TempDir(), cut+".json")
		ok(t, moeflow(t, "run", "--completion", "-p", goPrompt, "-n", "6", "--ignore-eos", "--trace", path, "--set", "pipeline.granularity="+cut))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var f struct{ TraceEvents []ruled }
		if err := json.Unmarshal(data, &f); err != nil {
			t.Fatal(err)
		}
		rows := map[[2]int][]ruled{}
		arrows := map[uint64]string{}
		named := map[[2]int]bool{}
		for _, e := range f.TraceEvents {
			row := [2]int{e.Pid, e.Tid}
			switch {
			case e.Ph == "M":
				named[row] = named[row] || e.Name == "thread_name"
				continue
			case e.Ts == nil || *e.Ts < 0 || e.Name == "" || !named[row]:
				t.Errorf("%+v has no time, no name, or a row that none names before", e)
				continue
			case e.Ph == "X" && e.Dur != nil && *e.Dur >= 0:
				rows[row] = append(rows[row], e)
			case e.Ph == "s" && e.ID != nil, e.Ph == "f" && e.ID != nil && e.Bp == "e":
				arrows[*e.ID] += e.Ph
			case e.Ph != "i":
				t.Errorf("%+v is of no kind that is written here", e)
			}
		}
		for id, ends := range arrows {
			if ends != "sf" {
				t.Errorf("%s: arrow %d has the ends %q", cut, id, ends)
			}
		}
		for row, list := range rows {
			nested(t, cut, row, list)
		}
		within(t, cut, rows)
		if len(arrows) != 6 || len(rows) < 4 {
			t.Errorf("%s: %d arrows and %d rows", cut, len(arrows), len(rows))
		}
	}
}

// nested wants the slices of a row to lie beside or within each other.
func nested(t *testing.T, cut string, row [2]int, list []ruled) {
	t.Helper()
	slices.SortStableFunc(list, func(a, b ruled) int {
		switch {
		case *a.Ts < *b.Ts || *a.Ts == *b.Ts && *a.Dur > *b.Dur:
			return -1
		case *a.Ts == *b.Ts && *a.Dur == *b.Dur:
			return 0
		}
		return 1
	})
	var open []ruled
	for _, e := range list {
		for len(open) > 0 && open[len(open)-1].end() <= *e.Ts+slack {
			open = open[:len(open)-1]
		}
		if n := len(open); n > 0 && e.end() > open[n-1].end()+slack {
			t.Errorf("%s, row %v: %s from %.3f to %.3f crosses the end of %s, %.3f", cut, row, e.Name, *e.Ts, e.end(), open[n-1].Name, open[n-1].end())
		}
		open = append(open, e)
	}
}

// within wants what the device does for a step to begin after the step's first
// submit and to end before the host knows of it.
func within(t *testing.T, cut string, rows map[[2]int][]ruled) {
	t.Helper()
	begin, end := map[uint64]float64{}, map[uint64]float64{}
	for _, list := range rows {
		for _, e := range list {
			switch at, seen := begin[e.Args.Step]; {
			case e.Pid == 1 && e.Name == "submit" && (!seen || *e.Ts < at):
				begin[e.Args.Step] = *e.Ts
			case e.Pid == 1 && e.Name == "wait for the device":
				end[e.Args.Step] = e.end()
			}
		}
	}
	n := 0
	for _, list := range rows {
		for _, e := range list {
			if e.Pid == 1 {
				continue
			}
			n++
			if step := e.Args.Step; *e.Ts < begin[step]-slack || e.end() > end[step]+slack || begin[step] == 0 {
				t.Errorf("%s: %s of step %d runs from %.3f to %.3f, the host's submit and wait from %.3f to %.3f", cut, e.Name, step, *e.Ts, e.end(), begin[step], end[step])
			}
		}
	}
	if n < 100 {
		t.Errorf("%s: only %d slices of the device", cut, n)
	}
}
