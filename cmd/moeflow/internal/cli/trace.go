package cli

import (
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/trace"
)

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
