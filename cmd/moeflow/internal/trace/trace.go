package trace

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"sync"
	"time"
)

// DefaultLimit is the most bytes of a trace, about what Perfetto opens with ease.
const DefaultLimit = 512 << 20

// chunk is how many bytes gather before they are written.
const chunk = 256 << 10

// Row is a line of the picture: a thread of a process.
type Row struct{ process, thread int }

// Arg is a detail of an event: a number, a string or a bool.
type Arg struct {
	Key   string
	Value any
}

// Writer writes one trace. Its methods may be called from several goroutines.
type Writer struct {
	mu      sync.Mutex
	w       io.Writer
	file    io.WriterAt // w, nil where it can only be written in order
	start   time.Time
	limit   int64
	at      int64 // where the next bytes go
	buf     []byte
	events  int
	dropped uint64
	threads []int // rows of each process
	meta    map[string]string
	err     error
}

// errClosed is what a Writer says once it is closed.
var errClosed = errors.New("the trace is closed")

// New begins a trace on w. If w is an [io.WriterAt] too, the file is complete after
// every write; a pipe, which is none, gets the end of the file with Close. limit is
// the most bytes; 0 is DefaultLimit.
func New(w io.Writer, limit int64) (*Writer, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	t := &Writer{w: w, start: time.Now(), limit: limit, meta: map[string]string{}}
	t.file, _ = w.(io.WriterAt)
	t.buf = append(t.buf, `{"displayTimeUnit":"ms","traceEvents":[`...)
	t.flush()
	return t, t.err
}

// Meta notes something about the whole trace.
func (w *Writer) Meta(key, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.meta[key] = value
}

// Process adds a group of rows.
func (w *Writer) Process(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.threads = append(w.threads, 0)
	p := Row{process: len(w.threads)}
	w.name("process_name", p, "name", name)
	w.name("process_sort_index", p, "sort_index", p.process)
	return p.process
}

// Row adds a row to a process, below its others.
func (w *Writer) Row(process int, name string) Row {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.threads[process-1]++
	r := Row{process, w.threads[process-1]}
	w.name("thread_name", r, "name", name)
	w.name("thread_sort_index", r, "sort_index", r.thread)
	return r
}

// name writes an event that describes a row. Rows are few, so the limit does not
// count.
func (w *Writer) name(kind string, r Row, key string, value any) {
	w.begin("M", kind, r)
	w.finish([]Arg{{key, value}})
}

// Slice is something that took time. Of slices on one row that overlap, one must
// hold the other, and be written first where they begin together.
func (w *Writer) Slice(r Row, name string, begin, end time.Time, args ...Arg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.room() {
		return
	}
	from, to := w.ns(begin), w.ns(end)
	w.begin("X", name, r)
	w.time(`,"ts":`, from)
	w.time(`,"dur":`, max(0, to-from))
	w.finish(args)
}

// Instant is something that happened at one moment.
func (w *Writer) Instant(r Row, name string, at time.Time, args ...Arg) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.room() {
		return
	}
	w.begin("i", name, r)
	w.time(`,"ts":`, w.ns(at))
	w.buf = append(w.buf, `,"s":"t"`...)
	w.finish(args)
}

// Arrow joins the slice that is on one row at a moment with the slice that is on
// another row at a later one. id is the arrow's own.
func (w *Writer) Arrow(name string, id uint64, from Row, at time.Time, to Row, then time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.room() {
		return
	}
	for _, end := range []struct {
		kind string
		row  Row
		at   time.Time
	}{{"s", from, at}, {"f", to, then}} {
		w.begin(end.kind, name, end.row)
		w.time(`,"ts":`, w.ns(end.at))
		w.buf = append(w.buf, `,"cat":"flow","id":`...)
		w.buf = strconv.AppendUint(w.buf, id, 10)
		if end.kind == "f" {
			w.buf = append(w.buf, `,"bp":"e"`...)
		}
		w.finish(nil)
	}
}

// Dropped tells how many events came after the file had reached its limit.
func (w *Writer) Dropped() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.dropped
}

// Limit is the most bytes of the file.
func (w *Writer) Limit() int64 { return w.limit }

// Close writes what is left and the end of the file, which stays the caller's to
// close. It returns the first error of any write. Events after it are dropped.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return w.closed()
	}
	w.flush()
	if w.file == nil && w.err == nil {
		var end []byte
		if end, w.err = w.end(nil); w.err == nil {
			_, w.err = w.w.Write(end)
		}
	}
	if w.err == nil {
		w.err = errClosed
	}
	return w.closed()
}

// closed is the first error, but not that of a second Close.
func (w *Writer) closed() error {
	if w.err == errClosed {
		return nil
	}
	return w.err
}

// room tells whether another event may be written, and counts those that may not.
func (w *Writer) room() bool {
	if w.err == nil && w.at+int64(len(w.buf)) >= w.limit {
		w.dropped++
		return false
	}
	return w.err == nil
}

func (w *Writer) ns(t time.Time) int64 { return max(0, int64(t.Sub(w.start))) }

func (w *Writer) begin(kind, name string, r Row) {
	if w.events > 0 {
		w.buf = append(w.buf, ',')
	}
	w.events++
	w.buf = append(w.buf, "\n{\"ph\":\""...)
	w.buf = append(append(w.buf, kind...), `","name":`...)
	w.text(name)
	w.buf = append(w.buf, `,"pid":`...)
	w.buf = strconv.AppendInt(w.buf, int64(r.process), 10)
	w.buf = append(w.buf, `,"tid":`...)
	w.buf = strconv.AppendInt(w.buf, int64(r.thread), 10)
}

// time writes nanoseconds as microseconds.
func (w *Writer) time(key string, ns int64) {
	w.buf = append(w.buf, key...)
	w.buf = strconv.AppendInt(w.buf, ns/1000, 10)
	w.buf = append(w.buf, '.', byte('0'+ns/100%10), byte('0'+ns/10%10), byte('0'+ns%10))
}

func (w *Writer) finish(args []Arg) {
	if len(args) > 0 {
		w.buf = append(w.buf, `,"args":{`...)
		for i, a := range args {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.text(a.Key)
			w.buf = append(w.buf, ':')
			w.text(a.Value)
		}
		w.buf = append(w.buf, '}')
	}
	w.buf = append(w.buf, '}')
	if len(w.buf) >= chunk {
		w.flush()
	}
}

// text writes a value as JSON; what has no form in it is written as null.
func (w *Writer) text(v any) {
	switch v := v.(type) {
	case int:
		w.buf = strconv.AppendInt(w.buf, int64(v), 10)
	case uint64:
		w.buf = strconv.AppendUint(w.buf, v, 10)
	default:
		b, err := json.Marshal(v)
		if err != nil {
			b = []byte("null")
		}
		w.buf = append(w.buf, b...)
	}
}

// flush writes the bytes that have gathered and, in a file, the end, which the
// next ones overwrite.
func (w *Writer) flush() {
	if w.err != nil {
		w.buf = w.buf[:0]
		return
	}
	n := int64(len(w.buf))
	if w.file == nil {
		_, w.err = w.w.Write(w.buf)
	} else if w.buf, w.err = w.end(w.buf); w.err == nil {
		_, w.err = w.file.WriteAt(w.buf, w.at)
	}
	w.at, w.buf = w.at+n, w.buf[:0]
}

// end appends the end of the file.
func (w *Writer) end(b []byte) ([]byte, error) {
	meta, err := json.Marshal(w.meta)
	if err != nil {
		return b, err
	}
	return append(append(append(b, "\n],\"otherData\":"...), meta...), '}', '\n'), nil
}
