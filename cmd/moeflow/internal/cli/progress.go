package cli

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// isTerminal tells whether a stream is a terminal.
func isTerminal(s any) bool {
	f, ok := s.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progress returns the engine's progress function: a bar on a terminal, nothing
// elsewhere.
func (a *app) progress() func(what string, done, all uint64) {
	if a.bars == nil {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(what string, done, all uint64) {
		if bar == nil {
			bar = newBar(a.bars, "loading "+what, int64(all), true)
		}
		bar.Set64(int64(done))
		if done >= all {
			bar.Finish()
			bar = nil
		}
	}
}

// longPrompt is how many tokens are computed without a bar.
const longPrompt = 1024

// promptBar returns what shows how far a prompt's computation has come: a bar
// once a first part of a long one is done.
func promptBar(w io.Writer) func(done, all int) {
	var bar *progressbar.ProgressBar
	return func(done, all int) {
		if bar == nil && all-done >= longPrompt {
			bar = newBar(w, "reading the prompt", int64(all), false)
		}
		if bar != nil {
			bar.Set(done)
			if done >= all {
				bar.Finish()
			}
		}
	}
}

func newBar(w io.Writer, what string, all int64, bytes bool) *progressbar.ProgressBar {
	return progressbar.NewOptions64(all,
		progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(bytes), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(30), progressbar.OptionShowCount())
}
