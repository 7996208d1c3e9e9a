package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/experts"
)

// statsFlags is --expert-stats: files that get how often each expert was chosen.
type statsFlags struct {
	paths []string
	files []*os.File
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

// open makes the files, so that what is wrong with them shows before the model
// runs.
func (f *statsFlags) open() error {
	for _, p := range f.paths {
		if statsFormats[filepath.Ext(p)] == nil {
			return usage{fmt.Errorf("--expert-stats: %s ends neither in .json nor in .svg", p)}
		}
	}
	for _, p := range f.paths {
		file, err := os.Create(p)
		if err != nil {
			f.discard()
			return usage{fmt.Errorf("--expert-stats: %w", err)}
		}
		f.files = append(f.files, file)
	}
	return nil
}

// write fills the files.
func (f *statsFlags) write(e *engine.Engine) error {
	if !f.on() {
		return nil
	}
	c, err := e.ExpertCounts()
	if err != nil {
		f.discard()
		return err
	}
	var errs []error
	for _, file := range f.files {
		w := bufio.NewWriter(file)
		errs = append(errs, statsFormats[filepath.Ext(file.Name())](c, w), w.Flush(), file.Close())
	}
	f.files = nil
	return errors.Join(errs...)
}

// discard closes and removes files that will not be written.
func (f *statsFlags) discard() {
	for _, file := range f.files {
		file.Close()
		removeFile(file.Name())
	}
	f.files = nil
}

// removeFile removes a file that was begun in vain, but no device or pipe.
func removeFile(path string) {
	if i, err := os.Stat(path); err == nil && i.Mode().IsRegular() {
		os.Remove(path)
	}
}
