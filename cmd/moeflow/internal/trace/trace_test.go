package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

type event struct {
	Ph, Name, S, Bp string
	Pid, Tid        int
	Ts, Dur         *float64
	ID              *uint64
	Args            map[string]any
}

type file struct {
	DisplayTimeUnit string
	TraceEvents     []event
	OtherData       map[string]string
}

// read parses a trace.
func read(t *testing.T, path string) file {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatalf("%v in %.200s…", err, data)
	}
	return f
}

func create(t *testing.T, limit int64) (*Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "t.json")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	w, err := New(f, limit)
	if err != nil {
		t.Fatal(err)
	}
	return w, path
}

func TestEvents(t *testing.T) {
	w, path := create(t, 0)
	host, gpu := w.Process("host"), w.Process("gpu")
	a, b, c := w.Row(host, "a"), w.Row(host, "b"), w.Row(gpu, "c")
	at := func(ns int) time.Time { return w.start.Add(time.Duration(ns)) }
	w.Slice(a, "with \"quotes\", \xff and \n", at(1_234_567), at(1_234_568), Arg{"step", 3}, Arg{"id", uint64(1) << 63}, Arg{"text", "<&>"}, Arg{"bad", func() {}})
	w.Slice(b, "before the start, and backwards", at(-5), at(-9))
	w.Instant(b, "token", at(2005))
	w.Arrow("submit", 9, a, at(10), c, at(20))
	w.Meta("clock", "x")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f := read(t, path)
	if f.DisplayTimeUnit != "ms" || f.OtherData["clock"] != "x" {
		t.Errorf("%+v", f)
	}
	names := map[string]string{}
	var rest []event
	for _, e := range f.TraceEvents {
		if e.Ph == "M" {
			names[fmt.Sprint(e.Name, e.Pid, e.Tid)] = fmt.Sprint(e.Args)
		} else {
			rest = append(rest, e)
		}
	}
	for key, want := range map[string]string{"process_name1 0": "map[name:host]", "process_name2 0": "map[name:gpu]", "thread_name1 1": "map[name:a]",
		"thread_name1 2": "map[name:b]", "thread_name2 1": "map[name:c]", "thread_sort_index1 2": "map[sort_index:2]"} {
		if names[key] != want {
			t.Errorf("%s is %s, wanted %s", key, names[key], want)
		}
	}
	if len(rest) != 5 {
		t.Fatalf("%d events", len(rest))
	}
	if e := rest[0]; e.Ph != "X" || *e.Ts != 1234.567 || *e.Dur != 0.001 || e.Args["step"] != 3.0 || e.Args["text"] != "<&>" || e.Args["bad"] != nil || e.Name != "with \"quotes\", \ufffd and \n" {
		t.Errorf("%+v", e)
	}
	if e := rest[1]; *e.Ts != 0 || *e.Dur != 0 {
		t.Errorf("%+v", e)
	}
	if e := rest[2]; e.Ph != "i" || *e.Ts != 2.005 || e.S != "t" || e.Tid != 2 {
		t.Errorf("%+v", e)
	}
	if s, f := rest[3], rest[4]; s.Ph != "s" || f.Ph != "f" || *s.ID != *f.ID || f.Bp != "e" || f.Pid != 2 || s.Pid != 1 {
		t.Errorf("%+v, %+v", s, f)
	}
}

// TestAlwaysComplete: the file parses at any time, also while goroutines write
// and though nothing closes it.
func TestAlwaysComplete(t *testing.T) {
	w, path := create(t, 0)
	if f := read(t, path); len(f.TraceEvents) != 0 {
		t.Errorf("%+v", f)
	}
	p := w.Process("host")
	var wg sync.WaitGroup
	for g := range 3 {
		r := w.Row(p, fmt.Sprint(g))
		wg.Go(func() {
			for i := range 4000 {
				w.Slice(r, "work", w.start.Add(time.Duration(2*i)), w.start.Add(time.Duration(2*i+1)), Arg{"step", i})
			}
		})
	}
	wg.Wait()
	seen := len(read(t, path).TraceEvents)
	if seen == 0 || seen > 12_008 {
		t.Errorf("%d events are in the file before it is closed", seen)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(read(t, path).TraceEvents); n != 2+2*3+3*4000 {
		t.Errorf("%d events", n)
	}
	if w.Dropped() != 0 {
		t.Errorf("%d events were dropped", w.Dropped())
	}
}

// TestLimit: a full file stays complete, and what came later is counted.
func TestLimit(t *testing.T) {
	w, path := create(t, 10_000)
	r := w.Row(w.Process("host"), "row")
	for range 1000 {
		w.Slice(r, "work", w.start, w.start)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	n := len(read(t, path).TraceEvents) - 4
	if n < 50 || uint64(n)+w.Dropped() != 1000 {
		t.Errorf("%d events written, %d dropped", n, w.Dropped())
	}
	if i, err := os.Stat(path); err != nil || i.Size() > 10_200 {
		t.Errorf("the file has %d bytes, %v", i.Size(), err)
	}
}

// TestStream: what can only be written in order gets the same trace, and its end
// once.
func TestStream(t *testing.T) {
	var out bytes.Buffer
	w, err := New(&out, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := w.Row(w.Process("host"), "row")
	for range 10_000 { // several chunks
		w.Instant(r, "x", w.start)
	}
	w.Meta("clock", "y")
	for range 2 {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		w.Instant(r, "too late", w.start)
	}
	var f file
	if err := json.Unmarshal(out.Bytes(), &f); err != nil || len(f.TraceEvents) != 4+10_000 || f.OtherData["clock"] != "y" || w.Dropped() != 0 {
		t.Errorf("%v, %d events, %v, %d dropped", err, len(f.TraceEvents), f.OtherData, w.Dropped())
	}
}

func TestErrors(t *testing.T) {
	closed, err := os.Create(filepath.Join(t.TempDir(), "t.json"))
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if _, err := New(closed, 0); err == nil {
		t.Error("a trace began in a closed file")
	}
	w, _ := create(t, 0)
	w.file.(*os.File).Close() // every write fails from here on
	r := w.Row(w.Process("host"), "row")
	for range 20_000 {
		w.Instant(r, "x", time.Now())
	}
	if err := w.Close(); !errors.Is(err, os.ErrClosed) || len(w.buf) > 2*chunk {
		t.Errorf("%v, %d bytes held", err, len(w.buf))
	}
}
