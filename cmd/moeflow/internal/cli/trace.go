package cli

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/trace"
)

// seeFlags are what shows a run while or after it goes.
type seeFlags struct {
	stats statsFlags
	trace traceFlags
}

func (f *seeFlags) add(fl *pflag.FlagSet) {
	f.stats.add(fl)
	f.trace.add(fl)
}

// open checks the flags and makes the files, before a model is loaded.
func (f *seeFlags) open() error {
	if err := f.stats.open(); err != nil {
		return err
	}
	if err := f.trace.open(); err != nil {
		f.stats.discard()
		return err
	}
	return nil
}

// discard removes the files of a run that did not begin.
func (f *seeFlags) discard() {
	f.stats.discard()
	f.trace.discard()
}

// options asks the engine for what is to be seen.
func (f *seeFlags) options(o *engine.Options) {
	o.CountExperts, o.Trace = f.stats.on(), f.trace.w
}

// write writes what the engine has to be asked for.
func (f *seeFlags) write(e *engine.Engine) error { return f.stats.write(e) }

// close ends what the engine itself writes, when it is closed.
func (f *seeFlags) close(stderr io.Writer) error { return f.trace.close(stderr) }

// traceFlags is --trace: a file that gets all that happens.
type traceFlags struct {
	path string
	w    *trace.Writer
}

func (f *traceFlags) add(fl *pflag.FlagSet) {
	fl.StringVar(&f.path, "trace", "", "write what happens when, on host and device, for ui.perfetto.dev")
}

func (f *traceFlags) open() error {
	if f.path == "" {
		return nil
	}
	w, err := trace.Create(f.path, 0)
	if err != nil {
		return usage{fmt.Errorf("--trace: %w", err)}
	}
	f.w = w
	return nil
}

func (f *traceFlags) discard() {
	if f.w != nil {
		f.w.Close()
		removeFile(f.path)
	}
}

func (f *traceFlags) close(stderr io.Writer) error {
	if f.w == nil {
		return nil
	}
	if err := f.w.Close(); err != nil {
		return fmt.Errorf("--trace: %w", err)
	}
	if n := f.w.Dropped(); n > 0 {
		fmt.Fprintf(stderr, "warning: %s is full at %s, %d later events are not in it\n", f.path, engine.Bytes(uint64(f.w.Limit())), n)
	}
	return nil
}
