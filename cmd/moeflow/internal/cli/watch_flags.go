package cli

import (
	"errors"
	"io"

	"github.com/spf13/pflag"

	"moeflow/cmd/moeflow/internal/engine"
)

// seeFlags are what shows a run while or after it goes.
type seeFlags struct {
	stats statsFlags
	trace traceFlags
	watch watchFlags
}

func (f *seeFlags) add(fl *pflag.FlagSet) {
	f.stats.add(fl)
	f.trace.add(fl)
	f.watch.add(fl)
}

// open checks the flags, makes the files and takes the address, before a model
// is loaded.
func (f *seeFlags) open(stderr io.Writer) error {
	for _, open := range []func() error{func() error { return f.watch.open(stderr) }, f.stats.open, f.trace.open} {
		if err := open(); err != nil {
			f.discard()
			return err
		}
	}
	return nil
}

// discard undoes open for a run that did not begin.
func (f *seeFlags) discard() {
	f.stats.discard()
	f.trace.discard()
	f.watch.stop()
}

// options asks the engine for what is to be seen.
func (f *seeFlags) options(a *app, o *engine.Options) {
	o.CountExperts, o.Trace, o.Live = f.stats.on() || f.watch.on(), f.trace.w, f.watch.on()
	f.watch.options(a, o)
}

// begin starts what looks on.
func (f *seeFlags) begin(e *engine.Engine, stderr io.Writer) error { return f.watch.serve(e, stderr) }

// end ends what looks on and writes what the engine has to be asked for, before
// the engine is closed.
func (f *seeFlags) end(e *engine.Engine) error { return errors.Join(f.watch.stop(), f.stats.write(e)) }

// close ends what the engine itself writes, when it is closed.
func (f *seeFlags) close(stderr io.Writer) error { return f.trace.close(stderr) }
