package cli

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/pflag"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/output"
	"moeflow/cmd/moeflow/internal/trace"
)

// traceFlags is --trace: a file that gets all that happens.
type traceFlags struct {
	path string
	mu   sync.Mutex // of a run that is cut off while it ends
	file *output.File
	w    *trace.Writer
}

func (f *traceFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&f.path, "trace", "", "write what happens when, on host and device, for ui.perfetto.dev")
}

// outputs is the file that will be written.
func (f *traceFlags) outputs() []output.Path {
	if f.path == "" {
		return nil
	}
	return []output.Path{{What: "--trace", Path: f.path}}
}

// open begins the file.
func (f *traceFlags) open(a *app) (err error) {
	if f.path == "" {
		return nil
	}
	if f.file, err = a.create("--trace", f.path); err != nil {
		return err
	}
	to := io.Writer(f.file)
	if !f.file.Seekable() {
		to = struct{ io.Writer }{f.file} // a pipe, which can be written in order alone
	}
	if f.w, err = trace.New(to, 0); err != nil {
		return errors.Join(fmt.Errorf("--trace: %w", err), f.discard())
	}
	return nil
}

// discard leaves the file as it was before the run.
func (f *traceFlags) discard() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	return f.file.Discard()
}

// close completes the file.
func (f *traceFlags) close(stderr io.Writer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	defer func() { f.file = nil }()
	if err := endFile(f.file, f.w.Close()); err != nil {
		return fmt.Errorf("--trace: %w", err)
	}
	if n := f.w.Dropped(); n > 0 {
		fmt.Fprintf(stderr, "warning: %s is full at %s, %d later events are not in it\n", f.path, engine.Bytes(uint64(f.w.Limit())), n)
	}
	return nil
}
