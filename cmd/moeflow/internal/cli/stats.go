package cli

import (
	"bufio"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/spf13/pflag"

	"moeflow/cmd/moeflow/internal/experts"
	"moeflow/cmd/moeflow/internal/observe"
	"moeflow/cmd/moeflow/internal/output"
)

// statsFlags is --expert-stats: files that get how often each expert was chosen.
type statsFlags struct {
	paths []string
	mu    sync.Mutex // of a run that is cut off while it ends
	files []*output.File
}

func (f *statsFlags) add(fl *pflag.FlagSet) {
	fl.StringArrayVar(&f.paths, "expert-stats", nil, "write how often each expert was chosen: F.json numbers, F.svg a picture (repeatable)")
}

func (f *statsFlags) on() bool { return len(f.paths) > 0 }

// statsFormats are the writers by the file name's end.
var statsFormats = map[string]func(*experts.Counts, *bufio.Writer) error{
	".json": func(c *experts.Counts, w *bufio.Writer) error { return c.WriteJSON(w) },
	".svg":  func(c *experts.Counts, w *bufio.Writer) error { return c.WriteSVG(w) },
}

// check looks at the names.
func (f *statsFlags) check() error {
	for _, p := range f.paths {
		if statsFormats[filepath.Ext(p)] == nil {
			return usage{fmt.Errorf("--expert-stats: %s ends neither in .json nor in .svg", p)}
		}
	}
	return nil
}

// outputs are the files that will be written.
func (f *statsFlags) outputs() []output.Path {
	var all []output.Path
	for _, p := range f.paths {
		all = append(all, output.Path{What: "--expert-stats", Path: p})
	}
	return all
}

// open begins the files, so that what is wrong with them shows before the model
// runs.
func (f *statsFlags) open(a *app) error {
	for _, p := range f.paths {
		file, err := a.create("--expert-stats", p)
		if err != nil {
			return errors.Join(err, f.discard())
		}
		f.files = append(f.files, file)
	}
	return nil
}

// write fills the files with what was counted so far, and completes them.
func (f *statsFlags) write(counts *observe.Experts) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.files) == 0 {
		return nil
	}
	c, err := counts.Counts()
	if err != nil {
		return errors.Join(err, f.drop())
	}
	var errs []error
	for _, file := range f.files {
		w := bufio.NewWriter(file)
		errs = append(errs, endFile(file, errors.Join(statsFormats[filepath.Ext(file.Name())](c, w), w.Flush())))
	}
	f.files = nil
	return errors.Join(errs...)
}

// discard leaves the files as they were before the run.
func (f *statsFlags) discard() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.drop()
}

func (f *statsFlags) drop() error {
	var errs []error
	for _, file := range f.files {
		errs = append(errs, file.Discard())
	}
	f.files = nil
	return errors.Join(errs...)
}
