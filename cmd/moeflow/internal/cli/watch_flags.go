package cli

import (
	"errors"
	"io"

	"github.com/spf13/pflag"

	"moeflow/cmd/moeflow/internal/engine"
	"moeflow/cmd/moeflow/internal/observe"
	"moeflow/cmd/moeflow/internal/output"
)

// seeFlags are what shows a run while or after it goes.
type seeFlags struct {
	stats statsFlags
	trace traceFlags
	watch watchFlags

	live   observe.Live
	counts observe.Experts
}

func (f *seeFlags) add(fl *pflag.FlagSet) {
	f.stats.add(fl)
	f.trace.add(fl)
	f.watch.add(fl)
}

// check looks at the names of the files, before anything is opened. ins is what
// the run reads.
func (f *seeFlags) check(ins []output.Path) error {
	if err := f.stats.check(); err != nil {
		return err
	}
	return checkOutputs(f.outputs(), ins)
}

// outputs are the files that will be written.
func (f *seeFlags) outputs() []output.Path { return append(f.stats.outputs(), f.trace.outputs()...) }

// open begins the files and takes the address, before a model is loaded.
func (f *seeFlags) open(a *app) error {
	for _, open := range []func(*app) error{f.watch.open, f.stats.open, f.trace.open} {
		if err := open(a); err != nil {
			return errors.Join(err, f.discard())
		}
	}
	return nil
}

// discard leaves the files as they were before the run, and ends what looks on.
func (f *seeFlags) discard() error {
	return errors.Join(f.stats.discard(), f.trace.discard(), f.watch.stop())
}

// options asks the engine for what is to be seen.
func (f *seeFlags) options(a *app, o *engine.Options) {
	see := &o.Observe
	if f.stats.on() || f.watch.on() {
		o.Plans.CountExperts, see.Observers = true, append(see.Observers, f.counts.Attach)
	}
	if f.trace.w != nil {
		see.Timestamps, see.Observers = true, append(see.Observers, observe.Trace(f.trace.w))
	}
	if f.watch.on() {
		see.Timestamps, see.Observers = true, append(see.Observers, f.live.Attach)
	}
	f.watch.options(a, o)
}

// begin starts what looks on.
func (f *seeFlags) begin(e *engine.Engine, stderr io.Writer) error {
	return f.watch.serve(e, &f.live, &f.counts, stderr)
}

// end ends what looks on and writes what was counted, before the engine is
// closed.
func (f *seeFlags) end() error { return errors.Join(f.watch.stop(), f.stats.write(&f.counts)) }

// close ends what the engine itself writes, when it is closed.
func (f *seeFlags) close(stderr io.Writer) error { return f.trace.close(stderr) }

// finish completes the files of a run that is cut off: with what there is, while
// the engine may still work.
func (f *seeFlags) finish(stderr io.Writer) {
	f.stats.write(&f.counts)
	f.trace.close(stderr)
}
